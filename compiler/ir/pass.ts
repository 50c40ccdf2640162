// Passes: functions from modules to modules, and the manager that runs a pipeline of them and verifies after each.
import { Diagnostic, quote } from './diagnostics.ts';
import type { Attrs, Module, Stage } from './module.ts';
import { type AttrSchema, type AttrsOf, checkAttrs, type OpRegistry } from './op.ts';
import type { Tensor } from './tensor.ts';
import { moduleFaults } from './verify.ts';

/** What calibration may use. */
export interface CalibrationData {
  /** Inputs by name, one map per sample. */
  readonly samples: readonly ReadonlyMap<string, Tensor>[];
  /** Ranges of inputs that the user states, by name: they replace what the samples show. */
  readonly ranges: ReadonlyMap<string, readonly [number, number]>;
}

/** Everything a pass may use besides the module and its options. */
export interface PassContext {
  readonly ops: OpRegistry;
  readonly calibration?: CalibrationData;
  /** Told of what a user should know although it is no error; the caller decides what becomes of it. */
  report?(note: Diagnostic): void;
}

/** A pure function on modules, with options that the command line and the text form of pipelines derive from `options`. */
export interface Pass<S extends AttrSchema = AttrSchema> {
  /** Kebab-case, as on the command line; the file is called the same. */
  readonly name: string;
  readonly doc: string;
  readonly options: S;
  readonly needs: Stage | 'any';
  /** Stage of the result; `same` as the argument's. */
  readonly gives: Stage | 'same';
  /** @throws Diagnostic if the module cannot be treated. */
  run(m: Module, options: AttrsOf<S>, cx: PassContext): Module;
}

/** Any pass, with its option types forgotten. */
export type AnyPass = Pass;

/** Passes by name. */
export type PassRegistry = ReadonlyMap<string, AnyPass>;

/** Checks a pass literal against its own option schema and forgets the option types. */
export function definePass<const S extends AttrSchema>(pass: Pass<S>): AnyPass {
  return pass as unknown as AnyPass;
}

/**
 * Passes by name, from everyone who provides some.
 * @throws Diagnostic `duplicate-pass` naming both owners if two passes share a name.
 */
export function passRegistry(
  providers: readonly { readonly owner: string; readonly passes: readonly AnyPass[] }[],
): PassRegistry {
  const owners = new Map<string, string>();
  const registry = new Map<string, AnyPass>();
  for (const { owner, passes } of providers)
    for (const pass of passes) {
      const other = owners.get(pass.name);
      if (other !== undefined)
        throw new Diagnostic(
          'duplicate-pass',
          `pass ${pass.name} is defined by ${quote(other)} and again by ${quote(owner)}; rename one of them`,
          { field: pass.name },
          { kind: 'usage' },
        );
      owners.set(pass.name, owner);
      registry.set(pass.name, pass);
    }
  return registry;
}

/** One step of a pipeline: a pass and the options given to it; defaults are filled in. */
export interface PipelineStep {
  readonly pass: AnyPass;
  readonly options?: Attrs;
}

/**
 * Runs passes one after the other. The module is verified before the first and after every one of them.
 * @throws Diagnostic `wrong-stage` before anything runs if a pass would get a module of another stage than it needs,
 * `bad-attribute` for bad options, what the verifier finds (after a pass: with its name in front), what a pass throws.
 */
export function runPipeline(m: Module, steps: readonly PipelineStep[], cx: PassContext): Module {
  let stage = m.stage;
  for (const { pass } of steps) {
    if (pass.needs !== 'any' && pass.needs !== stage)
      throw new Diagnostic(
        'wrong-stage',
        `pass ${pass.name} needs a module of stage ${pass.needs}, here it would get one of stage ${stage}`,
        { field: pass.name },
        { kind: 'usage' },
      );
    if (pass.gives !== 'same') stage = pass.gives;
  }
  const prepared = steps.map(({ pass, options = {} }) => ({
    pass,
    options: checkAttrs(pass.options, options, `pass ${pass.name}`),
  }));

  throwFaults(moduleFaults(m, cx.ops), '');
  return prepared.reduce((module, { pass, options }) => {
    // checkAttrs has just established the types that the schema promises.
    const next = pass.run(module, options as never, cx);
    const gives = pass.gives === 'same' ? module.stage : pass.gives;
    if (next.stage !== gives)
      throw new Diagnostic('wrong-stage', `pass ${pass.name} promises stage ${gives} but gave ${next.stage}`);
    throwFaults(moduleFaults(next, cx.ops), `after pass ${pass.name}: `);
    return next;
  }, m);
}

function throwFaults(faults: readonly Diagnostic[], before: string): void {
  const [first, ...others] = faults.map((d) => new Diagnostic(d.code, before + d.message, d.where, d));
  if (first !== undefined) throw new Diagnostic(first.code, first.message, first.where, { others });
}
