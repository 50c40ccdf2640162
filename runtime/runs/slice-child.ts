// Runs in a child process: does jobs of a sliced run one after the other and sends the proofs back, until its parent is gone.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type JobPlace, localWorker, type SliceCall, type SliceOutcome, type SliceReply } from './slice-job.ts';
import { readBlob } from './work-folder.ts';

/** Where the current job finds what it names; the worker keeps a slice's key for the next job of an equal slice. */
let call: SliceCall | undefined;
const place: JobPlace = {
  artifact: () => call!.artifact,
  tensor: (blob) => readBlob(call!.blobs, blob),
  get scratch() {
    return call!.scratch;
  },
};
const work = localWorker(place);

async function answer({ job }: SliceCall): Promise<SliceOutcome> {
  try {
    const { proof, figures } = await work(job);
    return { ok: true, proof: Buffer.from(proof).toString('base64'), figures };
  } catch (e) {
    if (e instanceof Diagnostic) return { ok: false, code: e.code, message: e.message, where: e.where };
    return { ok: false, code: 'prover-failed', message: e instanceof Error ? e.message : String(e), where: {} };
  }
}

/** Gives memory of a job back, as far as the system lets it, before the parent decides whether this process goes on. */
function residentBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  return process.memoryUsage.rss();
}

// The parent is gone: nobody waits for the proof, and snarkjs must not go on alone.
process.once('disconnect', () => process.exit(1));
process.on('message', (received: SliceCall) => {
  call = received;
  answer(received).then((outcome) => {
    const reply: SliceReply = { ...outcome, residentBytes: residentBytes() };
    process.send?.(reply);
  });
});
