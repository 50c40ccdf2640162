// zkmlc inspect: what is in an artifact: operations with types and costs, ports, files, the origin of the keys.
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { deserializeCircuit, inspectModel, type ModelCost, printable } from '../../compiler/index.ts';
import { ARTIFACT_FILES, checkedFile, type NativeFigures, type PortDescription } from '../../runtime/index.ts';
import { readArtifactModels } from '../artifact-models.ts';
import type { CommandContext } from '../context.ts';
import { collect, compilerWith } from '../options.ts';
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
          ? { figures: system.figures }
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
        `about ${securityBits} bits, ${zeroKnowledge ? 'zero-knowledge' : 'not zero-knowledge'}`,
        '',
        describePorts(ports),
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

function describeFigures(f: NativeFigures): string {
  const rows = [
    ['cells committed by a proof', f.adviceCells],
    ['cells of registered weights', f.weightCells],
    ['lookups', f.lookups],
    ['tables', f.tables],
    ['rows of tables', f.tableRows],
    ['contractions', f.contractions],
    ['rows of a column', 2 ** f.logMessage],
    ['rows of its code', 2 ** f.logCode],
    ['opened rows', f.queries],
    ['proof of work (bits)', f.proofOfWorkBits],
  ] as const;
  return table([['figure', 'value'], ...rows.map(([name, n]) => [name, String(n)])], [1]);
}

function describePorts(ports: readonly PortDescription[]): string {
  const rows = ports.map((p) => [
    p.role,
    printable(p.name),
    `[${p.shape.join(', ')}]`,
    p.visibility,
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
