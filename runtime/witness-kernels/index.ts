// Kernels of witness generation.
export { type ContractionRanges, contractIntegers, multiplyIntegers } from './contract-integers.ts';
