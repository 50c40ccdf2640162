// Conformance kits for operators, gadgets and circuits: public as `zkmlc/testing`. They throw errors and need no test runner.
export {
  checkHonest,
  checkLies,
  exactInputs,
  expectSameTensor,
  type LieOptions,
  type Ports,
  recordCircuit,
} from './circuit-kit.ts';
export { checkExhaustively, type ExhaustiveOptions, MAX_COMBINATIONS } from './exhaustive-kit.ts';
export {
  activationSamples,
  checkActivation,
  checkDeclaration,
  checkFloatSample,
  checkIntegerSample,
  isIntegerSample,
  type OperatorOptions,
  type OperatorReport,
} from './ops-kit.ts';
export { createRandom, integerTensor, type Random } from './random.ts';
