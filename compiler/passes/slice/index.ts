// Slicing: where to cut a module of integers, and the modules of the slices.
export { evaluateSlices, sliceModules, structuralKey, tensorValue } from './boundaries.ts';
export { canonicalModule, canonicalName } from './canonical.ts';
export { type KnownSlices, slicingOfOperations } from './known-slices.ts';
export { cutAtWeights, cutEqually } from './plain-cuts.ts';
export { type SliceContext, type SliceCosts, sliceCosts, sliceModule, slicingOf } from './slice-module.ts';
