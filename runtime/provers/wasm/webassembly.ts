// The part of the WebAssembly interface that we use, typed here: the types of Node 20 do not include it.

/** A compiled module; it can be posted to other threads. */
export interface CompiledModule {
  readonly compiledModule?: never;
}

/** A memory that threads share; it can be posted to other threads. */
export interface SharedMemory {
  /** After growth another object over the same bytes; older ones stay usable. */
  readonly buffer: SharedArrayBuffer;
  /** Adds pages. Throws RangeError beyond the maximum. */
  readonly grow: (pages: number) => number;
}

/** An exported function of i32 parameters: addresses, counts and flags. */
export type KernelFunction = (...values: number[]) => void;

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => CompiledModule;
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => SharedMemory;
  readonly Instance: new (
    module: CompiledModule,
    imports: { readonly env: { readonly memory: SharedMemory } },
  ) => { readonly exports: Readonly<Record<string, unknown>> };
};

export function compileModule(bytes: Uint8Array<ArrayBuffer>): CompiledModule {
  return new WebAssembly.Module(bytes);
}

/** Sizes in pages of 64 KiB. */
export function createSharedMemory(initial: number, maximum: number): SharedMemory {
  return new WebAssembly.Memory({ initial, maximum, shared: true });
}

/**
 * Instantiates a module that imports `env.memory` and returns a lookup of its functions.
 * @throws RangeError (the lookup) for a name that is not an exported function.
 */
export function instantiateModule(module: CompiledModule, memory: SharedMemory): (name: string) => KernelFunction {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return (name) => {
    const found = exports[name];
    if (!isKernelFunction(found)) throw new RangeError(`the kernel has no function ${name}`);
    return found;
  };
}

function isKernelFunction(value: unknown): value is KernelFunction {
  return typeof value === 'function';
}
