// What every command gets: where to print, and how to stop.
import type { Console } from './console.ts';

export interface CommandContext {
  readonly console: Console;
  /** Aborted by SIGINT and SIGTERM once a command has asked for it: commands that write nothing just end. */
  readonly signal: AbortSignal;
}
