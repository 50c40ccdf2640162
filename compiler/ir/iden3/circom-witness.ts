// Runs the WebAssembly witness calculator that Circom writes beside a circuit, through its documented interface (version 2).
import { Diagnostic } from '../diagnostics.ts';
import { FIELD_BYTES, SCALAR_FIELD } from './scalar-field.ts';
import { createWtnsWriter } from './wtns.ts';

/** All values of a witness, in the order of the constraint system's variables. */
export interface CircomWitness {
  /** Number of variables, the constant one included. */
  readonly size: number;
  /** Value of a variable, in [0, r). */
  value(variable: number): bigint;
}

/** The part of the WebAssembly interface that is used here: the types of Node 20 do not include it. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  readonly Instance: new (
    module: object,
    imports: { readonly runtime: object },
  ) => { readonly exports: Readonly<Record<string, unknown>> };
};

const EXPORTS = [
  'getFieldNumLen32',
  'getInputSignalSize',
  'getInputSize',
  'getMessageChar',
  'getRawPrime',
  'getWitness',
  'getWitnessSize',
  'init',
  'readSharedRWMemory',
  'setInputSignal',
  'writeSharedRWMemory',
] as const;

type Calculator = Readonly<Record<(typeof EXPORTS)[number], (...values: readonly number[]) => number>>;

/** What the codes mean that the calculator hands to its exception handler. */
const FAILURES: Readonly<Record<number, string>> = {
  1: 'a signal that it does not have was set',
  2: 'too many signals were set',
  3: 'a signal was set twice',
  4: 'a constraint does not hold',
  5: 'its memory does not suffice',
  6: 'an element outside a signal array was set',
};

const MAX_MESSAGES = 8;
const WORDS = FIELD_BYTES / 4;

/** A compiled witness calculator. */
export interface WitnessCalculator {
  /**
   * Computes the witness for the given input signals (name in the main template, elements row-major).
   * @throws Diagnostic `circom-witness` with the calculator's message if inputs are missing or wrong, or a constraint does
   * not hold.
   */
  calculate(inputs: ReadonlyMap<string, readonly (bigint | number)[]>): CircomWitness;
}

/** @throws Diagnostic `bad-witness-calculator` if the bytes are not a calculator for BN254. */
export async function loadWitnessCalculator(wasm: Uint8Array): Promise<WitnessCalculator> {
  let module: object;
  try {
    module = await WebAssembly.compile(wasm);
  } catch (cause) {
    throw bad(cause instanceof Error ? cause.message : String(cause), cause);
  }
  checkField(instantiate(module, { exceptionHandler: () => {}, message: () => {} }));
  return { calculate: (inputs) => calculate(module, inputs) };
}

function calculate(module: object, inputs: ReadonlyMap<string, readonly (bigint | number)[]>): CircomWitness {
  const messages: string[] = [];
  const calculator = instantiate(module, {
    exceptionHandler: (code) => {
      throw failed(FAILURES[code] ?? `it failed with code ${code}`, messages);
    },
    message: () => {
      if (messages.length < MAX_MESSAGES) messages.push(readMessage(calculator));
    },
  });
  run(() => calculator.init(0), messages);
  const expected = calculator.getInputSize();
  let given = 0;
  for (const [signal, values] of inputs) {
    const [high, low] = signalHash(signal);
    const size = calculator.getInputSignalSize(high, low);
    if (size !== values.length)
      throw failed(
        size <= 0
          ? `it has no input signal ${signal}`
          : `input signal ${signal} has ${size} elements, got ${values.length}`,
        messages,
      );
    given += size;
    for (const [position, value] of values.entries()) {
      writeShared(calculator, value);
      // The last element starts the calculation.
      run(() => calculator.setInputSignal(high, low, position), messages);
    }
  }
  if (given !== expected) throw failed(`it needs ${expected} input elements, got ${given}`, messages);
  const size = calculator.getWitnessSize();
  return {
    size,
    value(variable) {
      if (!Number.isInteger(variable) || variable < 0 || variable >= size)
        throw new RangeError(`witness: variable ${variable} is not below ${size}`);
      calculator.getWitness(variable);
      return readShared(calculator);
    },
  };
}

/** Writes a witness to a `.wtns` file. @throws Diagnostic `file-unwritable`. */
export function writeCircomWitness(path: string, witness: CircomWitness): void {
  const file = createWtnsWriter(path);
  try {
    for (let v = 0; v < witness.size; v++) file.push(witness.value(v));
    file.close();
  } finally {
    file.discard();
  }
}

interface Handlers {
  exceptionHandler(code: number): void;
  message(): void;
}

function instantiate(module: object, handlers: Handlers): Calculator {
  const runtime = {
    exceptionHandler: handlers.exceptionHandler,
    printErrorMessage: handlers.message,
    writeBufferMessage: handlers.message,
    showSharedRWMemory: () => {},
  };
  let exports: Readonly<Record<string, unknown>>;
  try {
    ({ exports } = new WebAssembly.Instance(module, { runtime }));
  } catch (cause) {
    throw bad(cause instanceof Error ? cause.message : String(cause), cause);
  }
  const found = new Map<string, (...values: readonly number[]) => number>();
  for (const name of EXPORTS) {
    const f = exports[name];
    if (typeof f !== 'function') throw bad(`it does not export ${name}`);
    found.set(name, (...values) => Number(Reflect.apply(f, undefined, values)));
  }
  const get = (name: (typeof EXPORTS)[number]) => found.get(name)!;
  return {
    getFieldNumLen32: get('getFieldNumLen32'),
    getInputSignalSize: get('getInputSignalSize'),
    getInputSize: get('getInputSize'),
    getMessageChar: get('getMessageChar'),
    getRawPrime: get('getRawPrime'),
    getWitness: get('getWitness'),
    getWitnessSize: get('getWitnessSize'),
    init: get('init'),
    readSharedRWMemory: get('readSharedRWMemory'),
    setInputSignal: get('setInputSignal'),
    writeSharedRWMemory: get('writeSharedRWMemory'),
  };
}

function checkField(c: Calculator): void {
  if (c.getFieldNumLen32() !== WORDS) throw bad('its field elements do not have 32 bytes');
  c.getRawPrime();
  if (readShared(c) !== SCALAR_FIELD) throw bad('its field is not the BN254 scalar field');
}

/** Traps of the calculator (an index out of bounds, no memory) become diagnostics too. */
function run(action: () => number, messages: readonly string[]): void {
  try {
    action();
  } catch (cause) {
    if (cause instanceof Diagnostic) throw cause;
    throw failed(cause instanceof Error ? cause.message : String(cause), messages);
  }
}

function readShared(c: Calculator): bigint {
  let value = 0n;
  for (let i = WORDS - 1; i >= 0; i--) value = (value << 32n) | BigInt(c.readSharedRWMemory(i) >>> 0);
  return value;
}

function writeShared(c: Calculator, value: bigint | number): void {
  let rest = BigInt(value) % SCALAR_FIELD;
  if (rest < 0n) rest += SCALAR_FIELD;
  for (let i = 0; i < WORDS; i++) {
    c.writeSharedRWMemory(i, Number(rest & 0xffffffffn));
    rest >>= 32n;
  }
}

function readMessage(c: Calculator): string {
  let text = '';
  for (let code = c.getMessageChar(); code !== 0 && text.length < 500; code = c.getMessageChar())
    text += String.fromCharCode(code);
  return text.trim();
}

/** 64-bit FNV-1a of the name, as two 32-bit halves: how the calculator finds signals. */
function signalHash(name: string): readonly [number, number] {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name))
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return [Number(hash >> 32n), Number(hash & 0xffffffffn)];
}

function bad(message: string, cause?: unknown): Diagnostic {
  return new Diagnostic(
    'bad-witness-calculator',
    `the Circom witness calculator cannot be used: ${message}`,
    {},
    { cause },
  );
}

function failed(message: string, details: readonly string[]): Diagnostic {
  const said = details.filter((d) => d !== '').join('; ');
  return new Diagnostic(
    'circom-witness',
    `the Circom witness calculator refused: ${message}${said === '' ? '' : ` (${said})`}`,
  );
}
