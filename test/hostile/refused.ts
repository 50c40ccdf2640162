// Shared checks of the hostile tests: an input is refused with a Diagnostic that a person can use, and in bounded memory.
import { schema } from '../../compiler/frontend/onnx/schema.ts';
import { Diagnostic, formatDiagnostic } from '../../compiler/ir/diagnostics.ts';
import { concat, messageField, varintField } from '../kits/protobuf-writer.ts';

/** Runs something that must throw a Diagnostic with one of these codes, printable on one line; returns it. */
export function refused(run: () => unknown, ...codes: readonly string[]): Diagnostic {
  let value: unknown;
  try {
    value = run();
  } catch (error) {
    return checked(error, codes);
  }
  throw new Error(
    `accepted, and gave ${JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))?.slice(0, 300)}`,
  );
}

/** {@link refused} for promises. */
export async function rejected(promise: Promise<unknown>, ...codes: readonly string[]): Promise<Diagnostic> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return checked(error, codes);
  }
  throw new Error(`accepted, and gave ${String(value).slice(0, 300)}`);
}

function checked(error: unknown, codes: readonly string[]): Diagnostic {
  if (!(error instanceof Diagnostic))
    throw new Error(`not a Diagnostic: ${error instanceof Error ? error.stack : String(error)}`);
  const line = formatDiagnostic(error);
  if (codes.length > 0 && !codes.includes(error.code)) throw new Error(`expected ${codes.join(' or ')}, got ${line}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not appear.
  if (/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(line))
    throw new Error(`control characters in ${JSON.stringify(line)}`);
  if (error.where.file === undefined) throw new Error(`no file is named in: ${line}`);
  // The path is the user's own; everything else is bounded, however long the names in the file are.
  if (line.length - error.where.file.length > 1000) throw new Error(`an error of ${line.length} characters`);
  return error;
}

/** Peak memory of this process so far (bytes); it only grows, so a difference bounds what ran in between. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** Deterministic bytes for tests (a linear congruential generator). */
export function noise(length: number, seed: number): Uint8Array {
  let state = seed >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** A model whose graph consists of these bytes. */
export function modelWith(...graph: readonly Uint8Array[]): Uint8Array {
  return concat([varintField(schema.ModelProto.ir_version.id, 8), messageField(schema.ModelProto.graph.id, ...graph)]);
}
