// Coefficients that were measured on a machine, as the text that is kept of them: written canonically, read strictly.
import { Diagnostic, quote } from '../../ir/diagnostics.ts';
import { type Coefficients, PLONK_FIGURES, type PlonkCoefficients } from './plonk.ts';

/** Where coefficients hold. */
export interface CalibratedMachine {
  /** Model of the processor, as the operating system names it. */
  readonly processor: string;
  readonly cores: number;
  /** Version of zkmlc: another one may prove in other times. */
  readonly zkmlc: string;
}

/** Measured coefficients of the plonk cost model. */
export interface Calibration {
  /** Date of the measurement: YYYY-MM-DD. */
  readonly measured: string;
  readonly machine: CalibratedMachine;
  readonly coefficients: Pick<PlonkCoefficients, 'seconds' | 'bytes'>;
}

/** Largest text that is read (bytes). */
export const MAX_CALIBRATION_BYTES = 2 ** 14;

const FORMAT = 'zkmlc/cost-calibration';
const VERSION = 1;
const LONGEST_NAME = 200;
const MOST_CORES = 2 ** 20;
/** Above any machine: seconds of a proof of nothing, and per unit; bytes likewise. */
const MOST = { seconds: { fixed: 1e4, unit: 1 }, bytes: { fixed: 1e12, unit: 1e6 } } as const;

/** The text that {@link decodeCalibration} reads: fixed order of fields. */
export function encodeCalibration({ measured, machine, coefficients }: Calibration): string {
  const { processor, cores, zkmlc } = machine;
  const ordered = (c: Coefficients): Readonly<Record<string, number>> =>
    Object.fromEntries((['fixed', ...PLONK_FIGURES] as const).flatMap((k) => (c[k] === undefined ? [] : [[k, c[k]]])));
  const { seconds, bytes } = coefficients;
  const document = {
    format: FORMAT,
    version: VERSION,
    measured,
    machine: { processor, cores, zkmlc },
    seconds: ordered(seconds),
    bytes: ordered(bytes),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * Reads measured coefficients: exactly the fields that are written, numbers finite, not negative and below bounds.
 * @throws Diagnostic `bad-calibration` naming the field; whoever reads a cache may then do without it.
 */
export function decodeCalibration(text: string): Calibration {
  if (text.length > MAX_CALIBRATION_BYTES) throw bad(`has ${text.length} characters, at most ${MAX_CALIBRATION_BYTES}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (e) {
    throw bad('is not JSON', '', e);
  }
  const top = fields(json, '', ['format', 'version', 'measured', 'machine', 'seconds', 'bytes']);
  if (top.get('format') !== FORMAT) throw bad(`is not ${FORMAT}`, 'format');
  if (top.get('version') !== VERSION) throw bad(`has another version than ${VERSION}`, 'version');
  const measured = name(top.get('measured'), 'measured');
  if (!/^\d{4}-\d{2}-\d{2}$/.test(measured)) throw bad('is no date such as 2030-12-31', 'measured');
  const machine = fields(top.get('machine'), 'machine', ['processor', 'cores', 'zkmlc']);
  const cores = bounded(machine.get('cores'), 'machine.cores', MOST_CORES);
  if (!Number.isInteger(cores) || cores < 1) throw bad('is no whole number above 0', 'machine.cores');
  return {
    measured,
    machine: {
      processor: name(machine.get('processor'), 'machine.processor'),
      cores,
      zkmlc: name(machine.get('zkmlc'), 'machine.zkmlc'),
    },
    coefficients: {
      seconds: coefficientsOf(top.get('seconds'), 'seconds'),
      bytes: coefficientsOf(top.get('bytes'), 'bytes'),
    },
  };
}

function coefficientsOf(value: unknown, path: 'seconds' | 'bytes'): Coefficients {
  const given = fields(value, path, ['fixed'], PLONK_FIGURES);
  const { fixed: most, unit } = MOST[path];
  const fixed = bounded(given.get('fixed'), `${path}.fixed`, most);
  const c: { -readonly [K in keyof Coefficients]: Coefficients[K] } = { fixed };
  for (const key of PLONK_FIGURES) if (given.has(key)) c[key] = bounded(given.get(key), `${path}.${key}`, unit);
  return c;
}

/** The fields of an object: all of `required`, some of `optional`, no other. */
function fields(
  value: unknown,
  path: string,
  required: readonly string[],
  optional: readonly string[] = [],
): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('is no object', path);
  const found = new Map<string, unknown>(Object.entries(value));
  const missing = required.find((key) => !found.has(key));
  if (missing !== undefined) throw bad(`has no ${missing}`, path);
  const other = [...found.keys()].find((key) => !required.includes(key) && !optional.includes(key));
  if (other !== undefined) throw bad(`has a field ${quote(other)} that does not belong there`, path);
  return found;
}

function name(value: unknown, path: string): string {
  if (typeof value === 'string' && value.length <= LONGEST_NAME) return value;
  throw bad(`is no text of at most ${LONGEST_NAME} characters`, path);
}

function bounded(value: unknown, path: string, most: number): number {
  if (typeof value === 'number' && value >= 0 && value <= most) return value;
  throw bad(`is no number from 0 to ${most}`, path);
}

function bad(what: string, field = '', cause?: unknown): Diagnostic {
  return new Diagnostic(
    'bad-calibration',
    `${field === '' ? 'the file' : field} ${what}: run zkmlc calibrate-cost again`,
    field === '' ? {} : { field },
    cause === undefined ? {} : { cause },
  );
}
