// zkmlc inspect of a sliced artifact: its slices with what they cost, and the tensors that link them.
import { join } from 'node:path';
import { printable } from '../../compiler/index.ts';
import { loadRun, verifiersInOrder } from '../../runtime/index.ts';
import type { CommandContext } from '../context.ts';
import { secrecyOf } from '../secrecy.ts';
import { showNodes } from '../slicing-text.ts';
import { table } from '../table.ts';

/** Prints a sliced artifact. @throws Diagnostic `bad-run`, `wrong-slice` and the like. */
export function inspectRun(artifact: string, cx: CommandContext): void {
  const run = loadRun(join(artifact, 'verifier'));
  const { model, backend, proofSystem, slices, tensors } = run.description;
  const verifierOf = verifiersInOrder(run);
  const verifiers = slices.map((_, i) => verifierOf(i));
  const constraints = verifiers.map((v) => v.description.constraints);
  const securityBits = Math.min(...verifiers.map((v) => v.system.securityBits));
  const { setup, zeroKnowledge } = verifiers[0]!.system;
  const total = constraints.reduce((a, b) => a + b, 0);
  const rows = slices.map((s, i) => [s.name, showNodes(s.nodes), String(constraints[i]), String(s.macs), s.id]);
  const name = (s: number): string => (s < 0 ? 'input' : slices[s]!.name);
  const links = tensors.map((t) => [
    printable(t.name),
    `[${t.shape.join(', ')}]`,
    `[${t.lo}, ${t.hi}]`,
    t.scale,
    t.visibility,
    name(t.producer),
    [...t.consumers.map(name), ...t.outputs.map((o) => `output ${printable(o)}`)].join(', '),
  ]);
  const text = [
    `${printable(model)}: backend ${printable(backend)}, ${proofSystem}, ${slices.length} slices, ${total} constraints`,
    `model root ${run.root}`,
    `set-up: ${setup}`,
    `about ${securityBits} bits, ${secrecyOf(zeroKnowledge)}`,
    '',
    table([['slice', 'nodes', 'constraints', 'macs', 'files'], ...rows], [2, 3]),
    '',
    table([['tensor', 'shape', 'integers', 'scale', 'visibility', 'from', 'to'], ...links]),
  ].join('\n');
  cx.console.result(text, {
    model,
    backend,
    proofSystem,
    root: run.root,
    setup,
    zeroKnowledge,
    slices: slices.map((s, i) => ({ ...s, constraints: constraints[i] })),
    tensors,
  });
}
