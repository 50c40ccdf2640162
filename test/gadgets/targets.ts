// Targets for gadget tests: the two real ones, and small prime fields in which wrap-around is easy to reach.
import { BN254, type Capabilities, KOALABEAR } from '../../compiler/ir/circuit.ts';

export const REAL_TARGETS: readonly Capabilities[] = [BN254, KOALABEAR];

/** A small field without lookups: clamps and signs by bits. */
export const SMALL_BITS: Capabilities = {
  name: 'small-bits',
  modulus: 97n,
  lookups: false,
  tableBits: 4,
  gather: false,
};

/** A small field with lookups whose tables have at most 8 rows, so that wide comparisons take the hinted road. */
export const SMALL_LOOKUPS: Capabilities = {
  name: 'small-lookups',
  modulus: 97n,
  lookups: true,
  tableBits: 3,
  gather: true,
};

export const SMALL_TARGETS: readonly Capabilities[] = [SMALL_BITS, SMALL_LOOKUPS];

/** Nine bits: digits of two bits, so that small operands need several. */
export const NINE_BITS: Capabilities = {
  name: 'nine-bits',
  modulus: 257n,
  lookups: false,
  tableBits: 4,
  gather: false,
};
