// iden3's `.sym` text: one line `label,variable,component,name` per signal, so that other tools can show names.
import { closeSync } from 'node:fs';
import { Diagnostic } from '../diagnostics.ts';
import { createFileWriter } from './file-writer.ts';
import { openForReading, readSome } from './section-file.ts';

const MAX_LINE_BYTES = 1 << 16;
const MAX_NAME_CHARACTERS = 1024;

/** One named signal. */
export interface SignalName {
  readonly label: number;
  /** Variable of the constraint system; -1 where the signal was optimised away. */
  readonly variable: number;
  /** Component (template instance) that the signal belongs to. */
  readonly component: number;
  readonly name: string;
}

export interface SymWriter {
  /** Appends one line. */
  line(signal: SignalName): void;
  close(): void;
  /** Removes an unfinished file; does nothing after `close`. */
  discard(): void;
}

/**
 * Streams a `.sym` file. Names come from models: whatever could break a line or a terminal (commas, white space, control
 * characters, anything outside printable ASCII) becomes `_`, and a name is cut after 1024 characters.
 * @throws Diagnostic `file-unwritable`.
 */
export function createSymWriter(path: string): SymWriter {
  const file = createFileWriter(path);
  const encoder = new TextEncoder();
  return {
    line: ({ label, variable, component, name }) => {
      const safe = name.slice(0, MAX_NAME_CHARACTERS).replace(/[^!-+\--~]/g, '_');
      file.bytes(encoder.encode(`${label},${variable},${component},${safe}\n`));
    },
    close: file.close,
    discard: file.discard,
  };
}

/**
 * The lines of a `.sym` file, read in bounded memory.
 * @throws Diagnostic `file-unreadable` or `bad-sym` with line number for a line that is malformed or longer than 64 KiB.
 */
export function* readSym(path: string): Generator<SignalName, void, undefined> {
  const fd = openForReading(path);
  try {
    const buffer = new Uint8Array(MAX_LINE_BYTES);
    const decoder = new TextDecoder('utf-8', { fatal: false });
    let kept = 0;
    let line = 0;
    for (;;) {
      const got = readSome({ path, fd }, buffer.subarray(kept));
      const filled = kept + got;
      let start = 0;
      for (let end = buffer.indexOf(10, start); end !== -1 && end < filled; end = buffer.indexOf(10, start)) {
        yield parseLine(decoder.decode(buffer.subarray(start, end)), path, ++line);
        start = end + 1;
      }
      if (start === 0 && filled === buffer.length)
        throw badLine(path, line + 1, `the line is longer than ${MAX_LINE_BYTES} bytes`);
      if (got === 0) {
        if (filled > start) yield parseLine(decoder.decode(buffer.subarray(start, filled)), path, ++line);
        return;
      }
      buffer.copyWithin(0, start, filled);
      kept = filled - start;
      buffer.fill(0, kept);
    }
  } finally {
    closeSync(fd);
  }
}

function parseLine(text: string, file: string, line: number): SignalName {
  const match = /^(\d{1,15}),(-1|\d{1,15}),(\d{1,15}),([^,]+)$/.exec(text);
  if (match === null) throw badLine(file, line, 'expected label,variable,component,name');
  const [, label, variable, component, name] = match;
  return { label: Number(label), variable: Number(variable), component: Number(component), name: name! };
}

function badLine(file: string, line: number, message: string): Diagnostic {
  return new Diagnostic('bad-sym', message, { file, line });
}
