// Measures proofs of an artifact by the native prover: wall time, memory of this process, bytes. Each is verified.
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import type { Tensor } from '../compiler/ir/tensor.ts';
import { sizeOf } from '../compiler/ir/tensor.ts';
import type { PortDescription } from './artifact/description.ts';
import { encodeProofFile } from './artifact/proof-file.ts';
import { createNativeProver } from './native-prover.ts';
import { loadProver } from './prover.ts';
import { verifyBytes } from './verify.ts';

/** What proofs of one artifact took. */
export interface MeasuredProofs {
  /** The least wall time of a proof, witness included, after a first one that compiles the code. */
  readonly seconds: number;
  /** Largest resident set of the process so far: meaningful in a process of its own (bytes). */
  readonly bytes: number;
  readonly proofBytes: number;
  /** Rows of the columns that are committed. */
  readonly rows: number;
}

/**
 * Proves an artifact on inputs spread over their ranges.
 * @param runs timed proofs, at least 1
 * @throws Diagnostic as {@link loadProver}; `wrong-proof-system` for one that the native prover does not prove.
 */
export async function measureProofs(artifact: string, runs: number): Promise<MeasuredProofs> {
  const { circuit, parameters, verifier, weightsPath } = await loadProver(artifact);
  const { system, description, root } = verifier;
  if (system.proofSystem !== 'plonk-koalabear')
    throw new Diagnostic('wrong-proof-system', 'the native prover does not prove this artifact', { file: artifact });
  const { ports } = description;
  const prover = createNativeProver({ circuit, ports, parameters, key: system.key, weightsPath });
  try {
    let seconds = Number.POSITIVE_INFINITY;
    let proof: Uint8Array = new Uint8Array(0);
    for (let run = 0; run <= runs; run++) {
      const inputs = new Map(ports.filter((p) => p.role === 'input').map((p) => [p.name, spread(p, run)]));
      const started = performance.now();
      proof = encodeProofFile({ root, ...prover.prepareIntegers(inputs).prove() });
      if (run > 0) seconds = Math.min(seconds, (performance.now() - started) / 1000);
    }
    // Verifying takes memory of its own.
    const bytes = process.resourceUsage().maxRSS * 1024;
    verifyBytes(verifier, proof, 'the proof');
    return { seconds, bytes, proofBytes: proof.length, rows: 2 ** system.key.run.parameters.opening.code.logMessage };
  } finally {
    prover.close();
  }
}

/** Integers all over the interval: multiples of the golden ratio, other ones in every run. */
function spread({ shape, lo, hi }: PortDescription, run: number): Tensor {
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
    const fraction = ((i + 1) * (Math.sqrt(5) - 1) * 0.5 + 0.1 * run) % 1;
    return lo + Math.floor(fraction * (hi - lo + 1));
  });
  return { shape, data };
}
