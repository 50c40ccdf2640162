// zkmlc evaluate: what the integer model makes of an input, beside the float model and expected outputs.
import type { Command } from 'commander';
import {
  argmax,
  distance,
  type Evaluation,
  evaluateBoth,
  type OutputComparison,
  printable,
  readTensors,
  type Tensor,
} from '../../compiler/index.ts';
import { encodeInputs, readModelDescription, readModelPorts } from '../../runtime/index.ts';
import { readArtifactModules } from '../artifact-models.ts';
import type { CommandContext } from '../context.ts';
import { collect, compilerWith } from '../options.ts';
import { showNumbers } from '../table.ts';

interface EvaluateFlags {
  readonly input: string;
  readonly expect?: string;
  readonly plugin?: readonly string[];
}

export function registerEvaluate(program: Command, cx: CommandContext): void {
  program
    .command('evaluate')
    .description('run the integer model and the float model on an input, without proving')
    .argument('<model.zkml>', 'the artifact')
    .requiredOption('-i, --input <file>', 'the input: .json, .npz, .pb or a folder of ONNX test data')
    .option('--expect <file>', 'expected outputs, in the same forms')
    .option('--plugin <module>', 'ES module with more operators (repeatable)', collect)
    .option('--json', 'print the report as JSON')
    .action(async (artifact: string, flags: EvaluateFlags) => {
      const compiler = await compilerWith(flags.plugin);
      const models = await readArtifactModules(artifact, compiler);
      const inputs = await readTensors(flags.input, await readModelPorts(artifact, 'input'), 'input');
      const expected =
        flags.expect === undefined
          ? new Map<string, Tensor>()
          : await readTensors(flags.expect, await readModelPorts(artifact, 'output'), 'output');
      const evaluation = evaluateBoth(models, compiler.registries.ops, inputs);
      const description = await readModelDescription(artifact);
      const { clamped } = encodeInputs(description.ports, inputs, { clamp: true });
      const outputs = evaluation.outputs.map((o) => reportOf(o, expected.get(o.name)));
      cx.console.result(describeEvaluation(description.model, outputs, clamped, evaluation.saturations), {
        model: description.model,
        outputs,
        saturations: evaluation.saturations,
        inputsOutsideRange: clamped,
      });
    });
}

/** How far two tensors are apart. */
interface Distance {
  /** Largest absolute difference. */
  readonly difference: number;
  /** The same, divided by the largest absolute value of the reference; null if that is zero. */
  readonly relative: number | null;
}

interface OutputReport {
  readonly name: string;
  readonly shape: readonly number[];
  readonly integers: readonly number[];
  readonly quantized: readonly number[];
  readonly float: readonly number[];
  /** Of the integer model to the float model. */
  readonly distance: Distance;
  /** Index of the largest element of each row; absent if rows have one element. */
  readonly top1?: {
    readonly integer: readonly number[];
    readonly float: readonly number[];
    readonly expected?: readonly number[];
  };
  readonly expected?: { readonly values: readonly number[]; readonly integer: Distance; readonly float: Distance };
}

function reportOf(o: OutputComparison, expected: Tensor | undefined): OutputReport {
  const rows = (t: Tensor): readonly number[] => topRows(t);
  const classes = (o.integers.shape.at(-1) ?? 1) > 1;
  return {
    name: o.name,
    shape: o.integers.shape,
    integers: [...o.integers.data],
    quantized: [...o.quantized.data],
    float: [...o.float.data],
    distance: between(o.quantized, o.float),
    ...(classes && {
      top1: {
        integer: rows(o.integers),
        float: rows(o.float),
        ...(expected !== undefined && { expected: rows(expected) }),
      },
    }),
    ...(expected !== undefined && {
      expected: {
        values: [...expected.data],
        integer: between(o.quantized, expected),
        float: between(o.float, expected),
      },
    }),
  };
}

function between(actual: Tensor, reference: Tensor): Distance {
  const { difference, largest } = distance(actual.data, reference.data);
  return { difference, relative: largest === 0 ? null : difference / largest };
}

function topRows({ shape, data }: Tensor): readonly number[] {
  const size = shape.at(-1) ?? 1;
  return Array.from({ length: data.length / size }, (_, row) => argmax(data.subarray(row * size, (row + 1) * size)));
}

function showDistance({ difference, relative }: Distance): string {
  const percent = relative === null ? '' : ` (${Number((100 * relative).toPrecision(3))} % of the largest value)`;
  return `${Number(difference.toPrecision(3))}${percent}`;
}

/** `7`, or for several rows how many agree. */
function showTop(o: OutputReport): readonly string[] {
  if (o.top1 === undefined) return [];
  const { integer, float, expected } = o.top1;
  if (integer.length === 1)
    return [
      `  top-1               integer ${integer[0]}, float ${float[0]}${expected === undefined ? '' : `, expected ${expected[0]}`}`,
    ];
  const agree = (reference: readonly number[]): string =>
    `${integer.filter((x, i) => x === reference[i]).length} of ${integer.length} rows`;
  return [
    `  top-1               agrees with float in ${agree(float)}${expected === undefined ? '' : `, with expected in ${agree(expected)}`}`,
  ];
}

function describeEvaluation(
  model: string,
  outputs: readonly OutputReport[],
  clamped: number,
  saturations: Evaluation['saturations'],
): string {
  const lines = outputs.flatMap((o) => [
    `  ${printable(o.name)} [${o.shape.join(', ')}]`,
    `  integers            ${showNumbers(o.integers)}`,
    `  integer model       ${showNumbers(o.quantized)}`,
    `  float model         ${showNumbers(o.float)}`,
    ...(o.expected === undefined ? [] : [`  expected            ${showNumbers(o.expected.values)}`]),
    `  integer to float    ${showDistance(o.distance)}`,
    ...(o.expected === undefined
      ? []
      : [
          `  integer to expected ${showDistance(o.expected.integer)}`,
          `  float to expected   ${showDistance(o.expected.float)}`,
        ]),
    ...showTop(o),
  ]);
  return [
    printable(model),
    ...lines,
    ...(clamped === 0
      ? []
      : [
          `  ${clamped} input values lie outside the declared range and were saturated; prove refuses them without --clamp-input`,
        ]),
    ...saturations.map((s) => `  saturated at ${printable(s.node)}: ${s.saturated} of ${s.elements} elements`),
  ].join('\n');
}
