// Public API of the standard library: the operators, as a list and as a registry, the gadgets, and what operators are made of.
import { type OpRegistry, operatorRegistry } from '../compiler/ir/op.ts';
import { standardOps } from './ops/index.ts';

export * from './gadgets/index.ts';
export {
  constantInts,
  constantOperand,
  flagAttribute,
  floatAttribute,
  intAttribute,
  intsAttribute,
  operandOf,
  stringAttribute,
} from './onnx.ts';
export { standardOps } from './ops/index.ts';
export { type ActivationSpec, clampedEntry, defineActivation } from './shared/activation.ts';
export { unaryImport } from './shared/onnx-import.ts';
export { int8, ints, reals, weights } from './shared/samples.ts';

/** The registry of the standard operators. */
export const standardRegistry: OpRegistry = operatorRegistry(standardOps);
