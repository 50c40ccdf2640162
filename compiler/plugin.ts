// Plugins: operators, passes, backends and cost models that a user adds to the standard ones.
import { standardOps } from '../stdlib/index.ts';
import { standardBackends } from './backends/index.ts';
import type { Backend } from './ir/backend.ts';
import type { CostModel, CostModelRegistry } from './ir/cost-model.ts';
import { Diagnostic, quote } from './ir/diagnostics.ts';
import type { AnyOp, OpRegistry } from './ir/op.ts';
import { type AnyPass, type PassRegistry, passRegistry } from './ir/pass.ts';
import { standardCostModels } from './passes/cost/index.ts';
import { standardPasses } from './passes/index.ts';

/** What a plugin module exports as its default. */
export interface Plugin {
  /** Names the owner in messages. */
  readonly name: string;
  readonly ops?: readonly AnyOp[];
  readonly passes?: readonly AnyPass[];
  readonly backends?: readonly Backend[];
  readonly costModels?: readonly CostModel[];
}

/** Checks a plugin literal. */
export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}

/** Everything that can be named: operators, passes, backends, cost models. */
export interface Registries {
  readonly ops: OpRegistry;
  readonly passes: PassRegistry;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly costModels: CostModelRegistry;
}

const STANDARD: Plugin = {
  name: 'zkmlc',
  ops: standardOps,
  passes: standardPasses,
  backends: standardBackends,
  costModels: standardCostModels,
};

/** @throws Diagnostic `duplicate-operator`, `duplicate-pass`, `duplicate-backend` or `duplicate-cost-model` naming both owners. */
export function registries(plugins: readonly Plugin[] = []): Registries {
  const all = [STANDARD, ...plugins];
  return {
    ops: byName(
      'operator',
      all.map(({ name, ops = [] }) => ({ owner: name, items: ops })),
    ),
    passes: passRegistry(all.map(({ name, passes = [] }) => ({ owner: name, passes }))),
    backends: byName(
      'backend',
      all.map(({ name, backends = [] }) => ({ owner: name, items: backends })),
    ),
    costModels: byName(
      'cost-model',
      all.map(({ name, costModels = [] }) => ({ owner: name, items: costModels })),
    ),
  };
}

function byName<T extends { readonly name: string }>(
  kind: string,
  providers: readonly { readonly owner: string; readonly items: readonly T[] }[],
): ReadonlyMap<string, T> {
  const owners = new Map<string, string>();
  const registry = new Map<string, T>();
  for (const { owner, items } of providers)
    for (const item of items) {
      const other = owners.get(item.name);
      if (other !== undefined)
        throw new Diagnostic(
          `duplicate-${kind}`,
          `${kind} ${item.name} is defined by ${quote(other)} and again by ${quote(owner)}; rename one of them`,
          {},
          { kind: 'usage' },
        );
      owners.set(item.name, owner);
      registry.set(item.name, item);
    }
  return registry;
}
