// Everything that zkmlc prints: results to standard output, progress and errors to standard error.
import pc from 'picocolors';
import { type Diagnostic, formatDiagnostic, printable } from '../compiler/index.ts';

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
  /** Something people should know while they wait; on standard error, not with `--json`. */
  note(text: string): void;
  warning(text: string): void;
  /** A refusal, and below it what was found together with it. */
  error(diagnostic: Diagnostic): void;
  /** What must not happen: the message only, and the stack trace if `ZKMLC_TRACE=1`. */
  internalError(cause: unknown): void;
  /** Usage messages of the argument parser. */
  usage(text: string): void;
}

/** bigint as decimal text: JSON has no integers beyond 2^53. */
const replacer = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);

/** Diagnostics shown below the first one. */
const MAX_SHOWN = 20;

/** The list of unsupported operators names its only node already. */
function shownOthers(d: Diagnostic): readonly Diagnostic[] {
  return d.code === 'unsupported-operators' && d.others.length === 1 ? [] : d.others;
}

export function createConsole(json: boolean): Console {
  const terminal = process.stderr.isTTY === true && !json;
  const colors = pc.createColors(terminal && pc.isColorSupported);
  let shown: string | undefined;
  const clear = (): void => {
    if (shown !== undefined) process.stderr.write('\r\u001b[K');
    shown = undefined;
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
      const now = fraction === undefined ? `${text} ...` : `${text} ${Math.floor(fraction * 100)} %`;
      if (!terminal || now === shown) return;
      clear();
      process.stderr.write(colors.dim(now));
      shown = now;
    },
    clearProgress: clear,
    note(text) {
      clear();
      if (!json) process.stderr.write(`${text}\n`);
    },
    warning(text) {
      clear();
      if (!json) process.stderr.write(`${colors.yellow('warning')} ${text}\n`);
    },
    error(d) {
      clear();
      const others = shownOthers(d);
      if (json) {
        const describe = ({ code, message, where }: Diagnostic): unknown => ({ code, message, where });
        const document = { error: { code: d.code, message: d.message, where: d.where, others: others.map(describe) } };
        process.stderr.write(`${JSON.stringify(document)}\n`);
        return;
      }
      const more = others.length - MAX_SHOWN;
      const lines = [
        `${colors.red('error')} ${formatDiagnostic(d)}`,
        ...others.slice(0, MAX_SHOWN).map((o) => `  ${formatDiagnostic(o)}`),
        ...(more > 0 ? [`  and ${more} more`] : []),
      ];
      process.stderr.write(`${lines.join('\n')}\n`);
    },
    internalError(cause) {
      clear();
      const message = cause instanceof Error ? cause.message : String(cause);
      const text = `internal-error: ${printable(message)}; please report it (set ZKMLC_TRACE=1 for where it happened)`;
      process.stderr.write(
        json
          ? `${JSON.stringify({ error: { code: 'internal-error', message } })}\n`
          : `${colors.red('error')} ${text}\n`,
      );
      if (process.env.ZKMLC_TRACE === '1' && cause instanceof Error) process.stderr.write(`${cause.stack ?? ''}\n`);
    },
    usage(text) {
      clear();
      process.stderr.write(text);
    },
  };
}
