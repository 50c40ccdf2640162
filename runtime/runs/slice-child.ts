// Runs in a child process: does one job of a sliced run, sends the proof back and exits, which gives its memory back.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { localWorker, type SliceCall, type SliceReply } from './slice-job.ts';
import { readBlob } from './work-folder.ts';

async function answer({ job, artifact, blobs, scratch }: SliceCall): Promise<SliceReply> {
  try {
    const work = localWorker({ artifact: () => artifact, tensor: (blob) => readBlob(blobs, blob), scratch });
    const { proof, figures } = await work(job);
    return { ok: true, proof: Buffer.from(proof).toString('base64'), figures };
  } catch (e) {
    if (e instanceof Diagnostic) return { ok: false, code: e.code, message: e.message, where: e.where };
    return { ok: false, code: 'prover-failed', message: e instanceof Error ? e.message : String(e), where: {} };
  }
}

// The parent is gone: nobody waits for the proof, and snarkjs must not go on alone.
process.once('disconnect', () => process.exit(1));
process.once('message', (call: SliceCall) => {
  answer(call).then((reply) => process.send?.(reply, undefined, undefined, () => process.exit(0)));
});
