// Public API of the standard library: the operators, as a list and as a registry, and the gadgets.
import { type OpRegistry, operatorRegistry } from '../compiler/ir/op.ts';
import { standardOps } from './ops/index.ts';

export * from './gadgets/index.ts';
export { standardOps } from './ops/index.ts';

/** The registry of the standard operators. */
export const standardRegistry: OpRegistry = operatorRegistry(standardOps);
