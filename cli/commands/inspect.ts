// zkmlc inspect: what is in an artifact: operations with types and costs, ports, files, the origin of the keys.
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { deserializeCircuit, inspectModel, type ModelCost, printable } from '../../compiler/index.ts';
import {
  ARTIFACT_FILES,
  checkedFile,
  type NativeFigures,
  nativeFigures,
  type PortDescription,
} from '../../runtime/index.ts';
import { readArtifactModels } from '../artifact-models.ts';
import type { CommandContext } from '../context.ts';
import { describeFigures } from '../native-figures.ts';
import { collect, compilerWith } from '../options.ts';
import { namesNotShown, secrecyOf, secrecyWarning } from '../secrecy.ts';
import { showBytes, table } from '../table.ts';

interface InspectFlags {
  readonly plugin?: readonly string[];
}

interface ArtifactFile {
  readonly path: string;
  readonly bytes: number;
}

export function registerInspect(program: Command, cx: CommandContext): void {
  program
    .command('inspect')
    .description('show operations, types, constraints and bytes of a compiled model')
    .argument('<model.zkml>', 'the artifact')
    .option('--plugin <module>', 'ES module with more operators (repeatable)', collect)
    .option('--json', 'print as JSON')
    .action(async (artifact: string, flags: InspectFlags) => {
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
      const { setup, securityBits, zeroKnowledge } = system;
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
