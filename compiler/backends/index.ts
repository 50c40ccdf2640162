// The backends that come with the compiler: the only list of them.
import type { Backend } from '../ir/backend.ts';
import { circomBackend } from './circom/index.ts';
import { plonkBackend } from './plonk/index.ts';
import { r1csBackend } from './r1cs/index.ts';

/** The first is the default. */
export const standardBackends: readonly Backend[] = [r1csBackend, circomBackend, plonkBackend];
