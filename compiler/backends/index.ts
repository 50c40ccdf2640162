// The backends that come with the compiler: the only list of them.
import type { Backend } from '../ir/backend.ts';
import { circomBackend } from './circom/index.ts';
import { plonkBackend } from './plonk/index.ts';
import { r1csBackend } from './r1cs/index.ts';

export const standardBackends: readonly Backend[] = [plonkBackend, r1csBackend, circomBackend];

/** Name of the backend that is used where none is named. */
export const DEFAULT_BACKEND = plonkBackend.name;
