// zkmlc inspect: what is in an artifact: operations with types and costs, ports, files, keys; or how a model could be sliced.
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Command } from 'commander';
import { deserializeCircuit, inspectModel, type ModelCost, printable } from '../../compiler/index.ts';
import {
  ARTIFACT_FILES,
  checkedFile,
  isSlicedArtifact,
  type NativeFigures,
  nativeFigures,
  type PortDescription,
} from '../../runtime/index.ts';
import { readArtifactModels } from '../artifact-models.ts';
import type { CommandContext } from '../context.ts';
import { describeFigures } from '../native-figures.ts';
import { collect, compilerWith, real, usage, whole } from '../options.ts';
import { namesNotShown, secrecyOf, secrecyWarning } from '../secrecy.ts';
import { showBytes, table } from '../table.ts';
import { type HtmlFlags, inspectHtml } from './inspect-html.ts';
import { inspectRun } from './inspect-run.ts';
import { inspectSlices, refuseModelFlags } from './inspect-slices.ts';

interface ArtifactFile {
  readonly path: string;
  readonly bytes: number;
}

export function registerInspect(program: Command, cx: CommandContext): void {
  program
    .command('inspect')
    .description('show operations, types, constraints and bytes of a compiled model, or how a model can be sliced')
    .argument('<model>', 'the artifact (model.zkml), or with --slice or --html a model (.onnx)')
    .option(
      '--slice <how>',
      'slices of a model: 3, auto (memory=1GB), or memory=1GB,constraints=N,seconds=S,slices=N,provers=K,objective=largest',
    )
    .option('--slice-at <nodes>', 'cut a model after each of these nodes (separated by commas, repeatable)', collect)
    .option('--cost-model <name>', "what slices of a model cost: plonk, rows, or a plugin's; plonk by default")
    .option('--bits <n>', 'width of activations of a model, 2 to 16 (bits); 8 by default', whole)
    .option('--calibrate <data>', "samples of a model's input")
    .option('--range <name=lo,hi>', 'range of an input of a model (repeatable)', collect)
    .option('--margin <fraction>', 'widen calibrated ranges by this fraction of their width', real)
    .option('--dim <name=size>', 'size of a dynamic dimension of a model (repeatable)', collect)
    .option('--plugin <module>', 'ES module with more operators or cost models (repeatable)', collect)
    .option('--html <report.html>', 'write a page without scripts: graph, slices, costs, ranges, links')
    .option('--run <run.zkp>', 'with --html: a run or proof of the artifact, verified and shown')
    .option('--audit <audit.json>', 'with --run: the audit that the run answers')
    .option('-i, --input <file>', 'with --html: an input, to show how far each layer is from the float model')
    .option('--json', 'print as JSON')
    .action(async (artifact: string, flags: HtmlFlags) => {
      if (flags.html !== undefined) return inspectHtml(artifact, flags.html, flags, cx);
      if (flags.run !== undefined || flags.input !== undefined || flags.audit !== undefined)
        throw usage('--run, --audit and --input belong to --html');
      if (extname(artifact).toLowerCase() === '.onnx') return inspectSlices(artifact, flags, cx);
      refuseModelFlags(flags);
      if (isSlicedArtifact(artifact)) return inspectRun(artifact, cx);
      const { manifest, verifier, int } = await readArtifactModels(artifact, await compilerWith(flags.plugin));
      const path = await checkedFile(artifact, manifest, ARTIFACT_FILES.circuit);
      const { system } = verifier;
      const counted: Counted =
        system.proofSystem === 'plonk-koalabear'
          ? { figures: nativeFigures(system.key) }
          : inspectModel(int, deserializeCircuit(await readFile(path)));
      const files = Object.keys(manifest.files).map(
        (file): ArtifactFile => ({ path: file, bytes: statSync(join(artifact, file)).size }),
      );
      const { model, backend, proofSystem, constraints, ports } = verifier.description;
      const { setup, zeroKnowledge } = system;
      const securityBits = Math.floor(system.securityBits);
      const text = [
        `${printable(model)}: backend ${printable(backend)}, ${proofSystem}, ${constraints} constraints`,
        `model root ${verifier.root}`,
        `set-up: ${setup}`,
        `about ${securityBits} bits, ${secrecyOf(zeroKnowledge)}`,
        '',
        describeStatement(ports, zeroKnowledge),
        ...secrecyWarning(zeroKnowledge, namesNotShown(ports)),
        '',
        describePorts(ports, zeroKnowledge),
        '',
        'figures' in counted ? describeFigures(counted.figures) : describeCosts(counted, constraints),
        '',
        table([['file', 'size'], ...files.map((f) => [f.path, showBytes(f.bytes)])], [1]),
      ].join('\n');
      const costs =
        'figures' in counted ? counted : { nodes: counted.nodes, portCost: counted.ports, total: counted.total };
      cx.console.result(text, {
        model,
        backend,
        proofSystem,
        constraints,
        root: verifier.root,
        setup,
        securityBits,
        zeroKnowledge,
        ports,
        ...costs,
        files,
      });
    });
}

/** Costs by operation as rank-1 constraints, or what the native prover commits and looks up. */
type Counted = ModelCost | { readonly figures: NativeFigures };

/** How a tensor stands in a proof, in a word or two. */
function standing({ role, visibility }: PortDescription, zeroKnowledge: boolean): string {
  if (zeroKnowledge) return visibility;
  // The native prover: weights that are not the prover's choice are bound by a root in the key.
  if (visibility === 'public') return role === 'param' ? 'by root' : 'shown';
  return visibility === 'private' ? 'not shown' : visibility;
}

/** What an accepted proof states of each port. */
function describeStatement(ports: readonly PortDescription[], zeroKnowledge: boolean): string {
  const named = (role: PortDescription['role']): string =>
    ports
      .filter((p) => p.role === role)
      .map((p) => `${role} ${printable(p.name)} (${standing(p, zeroKnowledge)})`)
      .join(', ');
  const anyWeights = ports.some((p) => p.role === 'param' && p.visibility === 'private');
  const weights = anyWeights ? 'some weights in their ranges' : 'its weights';
  return `a proof states: with ${weights}, the integer model maps ${named('input')} to ${named('output')}`;
}

function describePorts(ports: readonly PortDescription[], zeroKnowledge: boolean): string {
  const rows = ports.map((p) => [
    p.role,
    printable(p.name),
    `[${p.shape.join(', ')}]`,
    standing(p, zeroKnowledge),
    `[${p.lo}, ${p.hi}]`,
    p.scale,
  ]);
  return table([['port', 'name', 'shape', 'visibility', 'integers', 'scale'], ...rows]);
}

function describeCosts({ nodes, ports, total }: ModelCost, constraints: number): string {
  const rows = nodes.map((n) => [
    printable(n.node),
    n.op,
    n.types.join('; '),
    String(n.cost.rows),
    showBytes(n.weightBytes),
  ]);
  const weights = nodes.reduce((sum, n) => sum + n.weightBytes, 0);
  const all = [
    ['node', 'operator', 'result', 'constraints', 'weights'],
    ...rows,
    ['(inputs and outputs)', '', '', String(ports.rows), ''],
    ['total', '', '', String(total.rows), showBytes(weights)],
  ];
  const other =
    total.rows === constraints ? [] : [`(constraints as backend r1cs counts them; this artifact has ${constraints})`];
  return [table(all, [3, 4]), ...other].join('\n');
}
