// What verifying needs of any proof system: a verification key that has been read and checked.
import type { PortDescription } from './artifact/description.ts';
import type { ProofFile } from './artifact/proof-file.ts';
import type { PortStatement } from './artifact/statement.ts';

/** A verification key, read and checked. */
export interface ProofVerifier {
  /** Origin of the set-up, in words. */
  readonly setup: string;
  /** False if somebody could know how to forge. */
  readonly production: boolean;
  readonly securityBits: number;
  readonly zeroKnowledge: boolean;
  /**
   * What an accepted proof states.
   * @throws Diagnostic `proof-refused`.
   */
  check(ports: readonly PortDescription[], file: ProofFile): readonly PortStatement[];
}
