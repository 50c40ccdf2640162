// One child process that proves slices, one job after the other.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { builtScript } from '../provers/snarkjs/built-script.ts';
import type { SliceCall, SliceReply } from './slice-job.ts';

/** How a process ended without an answer, in words: `was ended by SIGKILL`. */
export interface Ended {
  readonly ended: string;
}

/** A process at work, or waiting for some. */
export interface ProverProcess {
  /** Does a job: one at a time. */
  converse(call: SliceCall): Promise<SliceReply | Ended>;
  /** False once it has ended. */
  isAlive(): boolean;
  /** Ends it, whatever it does: its own children end with it. */
  kill(): void;
  /** Settles when it has ended. */
  readonly closed: Promise<void>;
}

/** @throws Diagnostic `not-built`. */
export function startProver(): ProverProcess {
  // execArgv is empty so that loaders and inspectors of the parent do not leak into the child.
  const child = fork(builtScript(join('..', '..', 'runs', 'slice-child')), [], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'json',
  });
  let waiting: ((outcome: SliceReply | Ended) => void) | undefined;
  let ended: string | undefined;
  const answer = (outcome: SliceReply | Ended): void => {
    waiting?.(outcome);
    waiting = undefined;
  };
  const end = (how: string): void => {
    ended ??= how;
    answer({ ended });
  };
  child.on('message', (reply: SliceReply) => answer(reply));
  const closed = new Promise<void>((settle) => {
    child.on('error', (e) => {
      // How a process that was started ends, is told when it has.
      if (child.pid !== undefined) return;
      end(`could not be started (${e.message})`);
      settle();
    });
    child.once('close', (code, by) => {
      end(by === null ? `ended with exit code ${code}` : `was ended by ${by}`);
      settle();
    });
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  return {
    converse: (call) =>
      new Promise((settle) => {
        if (ended !== undefined) return settle({ ended });
        waiting = settle;
        child.send(call, (e) => {
          // It is ending: how, is told when it has.
          if (e !== null) kill();
        });
      }),
    isAlive: () => ended === undefined && child.connected,
    kill,
    closed,
  };
}
