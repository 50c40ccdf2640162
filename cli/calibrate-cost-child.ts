// A child process of calibrate-cost: its peak memory is that of the proofs it makes.
import { measureProofs } from '../runtime/index.ts';
import type { CalibrationReply, CalibrationTask } from './cost-calibration.ts';

process.once('message', async ({ artifact, runs }: CalibrationTask) => {
  let reply: CalibrationReply;
  try {
    reply = { ok: true, figures: await measureProofs(artifact, runs) };
  } catch (e) {
    reply = { ok: false, message: e instanceof Error ? e.message : String(e) };
  }
  process.send?.(reply, undefined, undefined, () => process.exit(0));
});
