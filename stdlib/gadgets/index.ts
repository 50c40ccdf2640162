// Gadgets: small circuits with a proven meaning, from which operators are lowered. Each file's head says why its output is unique.
export { absolute } from './absolute.ts';
export { clampedInterval, clampTo, isNegative } from './compare.ts';
export { divideFloor } from './divide.ts';
export { alongLast, broadcastSteps, broadcastTo, hadamard, minus, plus, scaled, shifted, splat } from './linear.ts';
export { argMax, assertOneHot, maximumOf, maxTournament } from './maximum.ts';
export { requantize } from './requantize.ts';
export { shiftFloor } from './shift.ts';
export { applyTable } from './table.ts';
