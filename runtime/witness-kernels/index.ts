// Kernels of witness generation.
import type { WitnessOptions } from '../../compiler/ir/interpret/witness.ts';
import { contractIntegers, multiplyIntegers } from './contract-integers.ts';
import { extremesOf } from './extremes.ts';

export { contractIntegers, extremesOf, multiplyIntegers };

/** Options that make a witness fast. */
export const WITNESS_KERNELS: WitnessOptions = { contract: contractIntegers, extremes: extremesOf };
