// Runs in a child process: loads snarkjs (optional, GPL: never in our process), answers one request and exits.
import { randomBytes } from 'node:crypto';
import { isRecord, type SnarkjsCall, type SnarkjsReply, type SnarkjsRequest } from './snarkjs-requests.ts';

type AnyFunction = (...values: readonly unknown[]) => unknown;

/** Collects what snarkjs logs as errors: it reports some failures only there. */
function createLogger(): {
  readonly errors: string[];
  readonly logger: Readonly<Record<string, (text: unknown) => void>>;
} {
  const errors: string[] = [];
  const note = (text: unknown): void => {
    if (errors.length < 20) errors.push(String(text).slice(0, 500));
  };
  const ignore = (): void => {};
  return { errors, logger: { error: note, warn: note, info: ignore, debug: ignore } };
}

async function answer(library: unknown, request: SnarkjsRequest): Promise<unknown> {
  const call = async (namespace: string, name: string, ...values: readonly unknown[]): Promise<unknown> => {
    const group = isRecord(library) ? library[namespace] : undefined;
    const found: unknown = typeof group === 'object' && group !== null ? Reflect.get(group, name) : undefined;
    if (typeof found !== 'function') throw new Error(`this version of snarkjs has no ${namespace}.${name}`);
    const run: AnyFunction = (...list) => Reflect.apply(found, group, list);
    return await run(...values);
  };
  const { errors, logger } = createLogger();
  switch (request.kind) {
    case 'prove':
      return {
        ...Object(await call('groth16', 'prove', request.zkeyPath, request.wtnsPath)),
        peakBytes: process.resourceUsage().maxRSS * 1024,
      };
    case 'check-witness':
      return {
        satisfied: (await call('wtns', 'check', request.r1csPath, request.wtnsPath, logger)) === true,
        reasons: errors,
      };
    case 'verify':
      return {
        valid:
          (await call('groth16', 'verify', request.verificationKey, request.publicSignals, request.proof)) === true,
      };
    case 'ceremony-key': {
      // It returns the circuit's hash as bytes, or -1 for a failure that only the log explains.
      const made = await call('zKey', 'newZKey', request.r1csPath, request.ptauPath, request.initialPath, logger);
      if (made === -1 || errors.length > 0) throw new Error(errors.join('; ') || 'the key could not be made');
      const entropy = randomBytes(64).toString('hex');
      await call(
        'zKey',
        'contribute',
        request.initialPath,
        request.zkeyPath,
        'zkmlc local contribution',
        entropy,
        logger,
      );
      if (errors.length > 0) throw new Error(errors.join('; '));
      return { contributions: 1 };
    }
  }
}

async function load(packageName: string): Promise<unknown> {
  const loaded: unknown = await import(packageName);
  return loaded;
}

function reply(message: SnarkjsReply): void {
  // snarkjs leaves worker threads running: leave only once the message is out.
  process.send?.(message, undefined, undefined, () => process.exit(0));
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(error: unknown): void {
  reply({ ok: false, code: 'snarkjs-failed', message: describe(error) });
}

// The parent is gone or gave up: nobody waits for the result.
process.on('disconnect', () => process.exit(1));
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
process.once('message', (call: SnarkjsCall) => {
  load(call.packageName).then(
    (library) => answer(library, call.request).then((result) => reply({ ok: true, result }), fail),
    (error) => reply({ ok: false, code: 'snarkjs-missing', message: describe(error) }),
  );
});
