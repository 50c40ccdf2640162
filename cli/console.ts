// Everything that zkmlc prints: results to standard output, progress and errors to standard error.
import pc from 'picocolors';
import type { Diagnostic } from '../compiler/index.ts';

export interface Console {
  /** True if results are printed as JSON. */
  readonly json: boolean;
  /** A result: `text` for people, or `value` as one JSON document. */
  result(text: string, value: unknown): void;
  /** A line for people only. */
  line(text?: string): void;
  /** What is being done now; replaced by the next message. Shown on terminals only. */
  progress(text: string, fraction?: number): void;
  clearProgress(): void;
  warning(text: string): void;
  error(text: string, diagnostic?: Diagnostic): void;
  /** Usage messages of the argument parser. */
  usage(text: string): void;
}

/** bigint as decimal text: JSON has no integers beyond 2^53. */
const replacer = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);

export function createConsole(json: boolean): Console {
  const terminal = process.stderr.isTTY === true && !json;
  let shown = false;
  const clear = (): void => {
    if (shown) process.stderr.write('\r\u001b[K');
    shown = false;
  };
  return {
    json,
    result(text, value) {
      clear();
      process.stdout.write(json ? `${JSON.stringify(value, replacer, 2)}\n` : `${text}\n`);
    },
    line(text = '') {
      clear();
      if (!json) process.stdout.write(`${text}\n`);
    },
    progress(text, fraction) {
      if (!terminal) return;
      clear();
      process.stderr.write(pc.dim(fraction === undefined ? `${text} ...` : `${text} ${Math.floor(fraction * 100)} %`));
      shown = true;
    },
    clearProgress: clear,
    warning(text) {
      clear();
      if (!json) process.stderr.write(`${pc.yellow('warning')} ${text}\n`);
    },
    error(text, diagnostic) {
      clear();
      if (json)
        process.stderr.write(`${JSON.stringify({ error: diagnostic === undefined ? { message: text } : { code: diagnostic.code, message: diagnostic.message, where: diagnostic.where } })}\n`);
      else process.stderr.write(`${pc.red('error')} ${text}\n`);
    },
    usage(text) {
      clear();
      process.stderr.write(text);
    },
  };
}
