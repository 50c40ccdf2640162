// Circuits of slices number what they are made of, so that equal ones are shared: here numbers become the model's names again.
import { Diagnostic, type Where } from '../../compiler/ir/diagnostics.ts';
import type { RunDescription, RunSlice } from '../artifact/run-description.ts';

/** The model's names of what a slice's circuit calls `node0`, `input0` and `output0`. */
export interface SliceNames {
  readonly node: readonly string[];
  readonly input: readonly string[];
  readonly output: readonly string[];
}

/** @param inputs how many of the slice's ports are inputs: they come first */
export function sliceNames(
  { nodes, ports }: Pick<RunSlice, 'nodes' | 'ports'>,
  tensors: readonly string[],
  inputs: number,
): SliceNames {
  const names = ports.map((t) => tensors[t]!);
  return { node: nodes, input: names.slice(0, inputs), output: names.slice(inputs) };
}

/** Names of a slice of a run. */
export function namesInRun({ slices, tensors }: RunDescription, slice: number): SliceNames {
  const s = slices[slice]!;
  const names = tensors.map((t) => t.name);
  return sliceNames(s, names, s.ports.filter((t) => tensors[t]!.producer !== slice).length);
}

/** What is thrown about a slice's circuit, in the model's names; anything but a diagnostic as it is. */
export function inModelNames(e: unknown, names: SliceNames): unknown {
  if (!(e instanceof Diagnostic)) return e;
  const rename = (text: string): string =>
    text.replace(/(?<![\w.])(node|input|output)(\d{1,9})(?!\w)/g, (found, kind: keyof SliceNames, i: string) => {
      return names[kind][Number(i)] ?? found;
    });
  const { node, field } = e.where;
  const where: Where = {
    ...e.where,
    ...(node !== undefined && { node: rename(node) }),
    ...(field !== undefined && { field: rename(field) }),
  };
  const others = e.others.flatMap((o) => {
    const other = inModelNames(o, names);
    return other instanceof Diagnostic ? [other] : [];
  });
  return new Diagnostic(e.code, rename(e.message), where, { kind: e.kind, others, cause: e });
}
