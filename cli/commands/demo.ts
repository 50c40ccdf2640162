// zkmlc demo: the whole road on a shipped model, and forgeries that must fail.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import {
  argmax,
  type Compiler,
  createCompiler,
  Diagnostic,
  evaluateBoth,
  readSamples,
  type Tensor,
} from '../../compiler/index.ts';
import { prove, readModelPorts, temporaryFolder, verify } from '../../runtime/index.ts';
import { readArtifactModels } from '../artifact-models.ts';
import type { CommandContext } from '../context.ts';
import { type Forgery, makeForgeries } from '../forgeries.ts';
import { packageFile } from '../package-files.ts';
import { showBytes } from '../table.ts';
import { describeSetup } from './compile.ts';

interface DemoFlags {
  readonly keep?: string;
}

const MODEL = 'examples/models/digits-mlp';

export function registerDemo(program: Command, cx: CommandContext): void {
  program
    .command('demo')
    .description('compile, prove and verify a shipped model, then try to cheat')
    .option('--keep <folder>', 'leave the artifact, the input and the proofs in a new folder')
    .option('--json', 'print the report as JSON')
    .action(async (flags: DemoFlags) => {
      const folder = flags.keep === undefined ? temporaryFolder() : newFolder(flags.keep);
      let finished = false;
      try {
        await runDemo(folder, cx);
        finished = true;
        if (flags.keep !== undefined)
          cx.console.line(`\nkept in ${folder}: model.zkml, input.json, proof.zkp and the forgeries`);
      } finally {
        if (flags.keep === undefined || !finished) rmSync(folder, { recursive: true, force: true });
      }
    });
}

/** @throws Diagnostic `file-unwritable` (usage) if there is something at the path already. */
function newFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true });
    if (readdirSync(path).length === 0) return path;
  } catch (e) {
    const reason = e instanceof Error ? e.message : String(e);
    throw new Diagnostic('file-unwritable', `cannot make the folder: ${reason}`, { file: path }, { kind: 'usage' });
  }
  throw new Diagnostic('file-unwritable', 'the folder is not empty', { file: path }, { kind: 'usage' });
}

async function runDemo(folder: string, cx: CommandContext): Promise<void> {
  const { console, signal } = cx;
  const examples = packageFile(MODEL);
  const artifact = join(folder, 'model.zkml');
  const compiler = createCompiler();
  const compiled = await compiler.compile({
    model: join(examples, 'model.onnx'),
    calibration: join(examples, 'calibration.npz'),
    // The native prover does not hide what it does not show: the picture is part of the statement.
    visibility: { input: 'public' },
    output: artifact,
    onProgress: (stage, fraction) => console.progress(stage, fraction),
    signal,
  });
  console.line(`model     ${compiled.model}: reads a handwritten digit of 8 x 8 pixels (${MODEL}/model.onnx)`);
  console.line(`compiled  in ${showSeconds(compiled.seconds.compile)}, ${describeSetup(compiled)}`);

  console.progress('measuring accuracy');
  const digits = await readDigits(artifact, join(examples, 'heldout.npz'));
  const right = await countRight(artifact, compiler, digits);
  const share = (n: number): string => `${((100 * n) / digits.length).toFixed(1)} % (${n} of ${digits.length})`;
  console.line(
    `accuracy  integer model ${share(right.integer)}, float model ${share(right.float)} on digits it has never seen`,
  );

  const { inputs, label } = digits[0]!;
  const [name, pixels] = [...inputs][0]!;
  writeFileSync(join(folder, 'input.json'), `${JSON.stringify({ [name]: [[...pixels.data]] })}\n`);
  console.line();
  console.line(drawDigit(pixels));
  const proof = join(folder, 'proof.zkp');
  const onProgress = (stage: string, fraction?: number): void => console.progress(stage, fraction);
  const proved = await prove({ artifact, inputs, output: proof, onProgress, signal });
  const started = performance.now();
  const verdict = verify({ verifier: join(artifact, 'verifier'), proof, modelRoot: compiled.root });
  const verifySeconds = (performance.now() - started) / 1000;
  const proveSeconds = proved.seconds.witness + proved.seconds.prove;
  const output = verdict.ports.find((p) => p.role === 'output')!;
  const proven = argmax(output.reals!);
  console.line();
  console.line(
    `proved    in ${showSeconds(proveSeconds)}, ${showBytes(proved.bytes)}, ${verdict.securityBits} bits of soundness`,
  );
  console.line(
    `verified  in ${showSeconds(verifySeconds)}, without the weights: this model says that the picture is a ${proven} (its label: ${label})`,
  );

  console.line();
  console.line('cheating  must fail:');
  const refusals: { readonly change: string; readonly code: string; readonly message: string }[] = [];
  const honest = { artifact, inputs, proof: readFileSync(proof), output: output.integers!, folder };
  for (const forgery of await makeForgeries(honest, compiler, cx)) {
    const { code, message } = refusedForgery(forgery, artifact, compiled.root);
    console.line(
      `  ${forgery.change.padEnd(34)} refused: ${code}: ${message.replace(/\b([0-9a-f]{8})[0-9a-f]{56}\b/g, '$1…')}`,
    );
    refusals.push({ change: forgery.change, code, message });
  }
  console.line();
  console.line('secrecy   these proofs are not zero-knowledge: to keep inputs secret, compile with --backend r1cs');
  if (!console.json) return;
  console.result('', {
    model: compiled.model,
    root: compiled.root,
    constraints: compiled.constraints,
    setup: compiled.setup,
    securityBits: verdict.securityBits,
    zeroKnowledge: verdict.zeroKnowledge,
    proofBytes: proved.bytes,
    samples: digits.length,
    accuracy: { integer: right.integer / digits.length, float: right.float / digits.length },
    label,
    proven,
    seconds: {
      compile: compiled.seconds.compile,
      setup: compiled.seconds.setup,
      prove: proveSeconds,
      verify: verifySeconds,
    },
    refusals,
  });
}

/** `0.08 s`, or `12 s` where hundredths say nothing. */
const showSeconds = (seconds: number): string => `${seconds.toFixed(seconds < 10 ? 2 : 0)} s`;

/** How many digits each model reads as their label says. */
async function countRight(
  artifact: string,
  compiler: Compiler,
  digits: readonly Digit[],
): Promise<{ readonly integer: number; readonly float: number }> {
  const models = await readArtifactModels(artifact, compiler);
  let [integer, float] = [0, 0];
  for (const { inputs, label } of digits) {
    const [logits] = evaluateBoth(models, compiler.registries.ops, inputs).outputs;
    if (argmax(logits!.integers.data) === label) integer++;
    if (argmax(logits!.float.data) === label) float++;
  }
  return { integer, float };
}

interface Digit {
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly label: number;
}

async function readDigits(artifact: string, path: string): Promise<readonly Digit[]> {
  const ports = await readModelPorts(artifact, 'input');
  const samples = await readSamples(path, [...ports, { name: 'label', shape: [], dtype: 'int64' }]);
  return samples.map((sample) => ({
    inputs: new Map([...sample].filter(([name]) => name !== 'label')),
    label: sample.get('label')!.data[0]!,
  }));
}

/** 64 pixels in [0, 1] as eight lines. */
function drawDigit({ data }: Tensor): string {
  const shades = ' .:-=+*#%@';
  const pixel = (x: number): string => shades[Math.min(shades.length - 1, Math.floor(x * shades.length))]!.repeat(2);
  return Array.from(
    { length: 8 },
    (_, y) => `          |${Array.from(data.subarray(8 * y, 8 * y + 8), pixel).join('')}|`,
  ).join('\n');
}

/** @throws Diagnostic `forgery-accepted` if it verifies: nothing must ever print that. */
function refusedForgery({ path, change }: Forgery, artifact: string, root: string): Diagnostic {
  try {
    verify({ verifier: join(artifact, 'verifier'), proof: path, modelRoot: root });
  } catch (e) {
    if (e instanceof Diagnostic) return e;
    throw e;
  }
  throw new Diagnostic('forgery-accepted', `a proof was accepted although ${change}; please report this`, {
    file: path,
  });
}
