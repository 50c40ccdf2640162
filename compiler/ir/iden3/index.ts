// iden3's file formats for R1CS over BN254: streaming writers and bounded readers.
export * from './circom-inputs.ts';
export * from './circom-witness.ts';
export * from './r1cs.ts';
export * from './r1cs-reader.ts';
export { SCALAR_FIELD, toSigned } from './scalar-field.ts';
export * from './sym.ts';
export * from './wtns.ts';
