// Sizes, memory regions and the task list of a development set-up, from the circuit's header alone.
import { Diagnostic } from '../../../../compiler/ir/diagnostics.ts';
import type { R1csHeader } from '../../../../compiler/ir/iden3/r1cs-reader.ts';
import type { SharedMemory } from '../../wasm/webassembly.ts';
import { MAX_PUBLIC_SIGNALS } from '../groth16-types.ts';
import type { ZkeyHeader } from '../zkey.ts';
import { type ZkeyLayout, zkeyLayout } from '../zkey-layout.ts';
import { SCAN_BYTES, type ScanRegions } from './circuit-scan.ts';
import {
  BATCH,
  cheapestTable,
  FILE_POINT_BYTES,
  type Group,
  type TableShape,
  tableBytes,
  workspaceBytes,
} from './fixed-base.ts';
import { createMemory, ELEMENT_BYTES, HEAP_START } from './kernel.ts';
import { SETUP_SCALARS_BYTES } from './setup-scalars.ts';
import type { SetupTask } from './setup-tasks.ts';

/** Largest domain (rows and public signals, rounded up to a power of two): bounded by a 32-bit memory. */
const MAX_POWER = 22;
const WINDOW_BYTES = 1 << 18;
/** Threads that a plan has workspaces for. */
export const MAX_THREADS = 16;

export interface SetupPlan {
  readonly sizes: ZkeyHeader;
  /** The domain has 2^power points. */
  readonly power: number;
  /** Rows of the circuit and the appended rows of the public signals. */
  readonly usedRows: number;
  readonly layout: ZkeyLayout;
  readonly regions: ScanRegions & {
    readonly secrets: number;
    /** Packed scalars of the H points. */
    readonly quotient: number;
    /** Start of the workspaces; each thread has one per group. */
    readonly workspaces: number;
  };
  readonly windowBytes: number;
  readonly tables: Readonly<Record<Group, { readonly shape: TableShape; readonly table: number }>>;
  /** Secrets whose own multiples stand in the header of the key. */
  readonly headerScalars: readonly { readonly secret: 'alpha' | 'beta' | 'gamma' | 'delta'; readonly slot: number }[];
  readonly tasks: readonly SetupTask[];
  readonly windowTasks: number;
  /** Leading tasks that need nothing of the circuit's rows: tables, header and H points. */
  readonly tasksWithoutCircuit: number;
  /** Points of all tasks. */
  readonly points: number;
  /** End of everything that may depend on secrets; the tables follow. */
  readonly secretEnd: number;
  readonly memoryBytes: number;
}

/** @throws Diagnostic `circuit-too-large` or `empty-circuit`, naming the file. */
export function planSetup(header: R1csHeader, file: string): SetupPlan {
  const publicSignals = header.publicOutputs + header.publicInputs;
  const usedRows = header.rows + publicSignals + 1;
  const power = Math.max(1, Math.ceil(Math.log2(usedRows)));
  const limit = 2 ** MAX_POWER;
  if (header.rows === 0)
    throw new Diagnostic('empty-circuit', 'the circuit has no constraints: there is nothing to prove', { file });
  if (power > MAX_POWER || header.variables > limit)
    throw new Diagnostic(
      'circuit-too-large',
      `${header.rows} constraints in ${header.variables} variables are more than ${limit}: slice the model`,
      { file },
    );
  if (publicSignals > MAX_PUBLIC_SIGNALS)
    throw new Diagnostic('circuit-too-large', `${publicSignals} public signals are more than ${MAX_PUBLIC_SIGNALS}`, {
      file,
    });
  const sizes = { variables: header.variables, publicSignals, domain: 2 ** power };
  const layout = zkeyLayout(sizes);

  let end = HEAP_START;
  const region = (bytes: number): number => {
    const start = end;
    end = Math.ceil((end + bytes) / 64) * 64;
    return start;
  };
  const elements = (count: number): number => region(count * ELEMENT_BYTES);
  const column = (): number => elements(sizes.variables);
  const headerSlots = elements(6);
  const regions = {
    secrets: region(SETUP_SCALARS_BYTES),
    columns: [column(), column(), column()],
    lagrange: elements(usedRows),
    quotient: elements(sizes.domain),
    window: region(WINDOW_BYTES),
    own: region(SCAN_BYTES),
    workspaces: region(MAX_THREADS * workspaceStride()),
  } as const;
  const secretEnd = end;
  const shapes = {
    g1: cheapestTable('g1', 4 * sizes.variables + sizes.domain),
    g2: cheapestTable('g2', sizes.variables),
  };
  const tables = {
    g1: { shape: shapes.g1, table: region(tableBytes(shapes.g1)) },
    g2: { shape: shapes.g2, table: region(tableBytes(shapes.g2)) },
  };
  const list = listTasks(sizes, layout, regions, headerSlots, shapes);
  return {
    sizes,
    power,
    usedRows,
    layout,
    regions,
    windowBytes: WINDOW_BYTES,
    tables,
    headerScalars: (['alpha', 'beta', 'delta', 'beta', 'gamma', 'delta'] as const).map((secret, i) => ({
      secret,
      slot: headerSlots + i * ELEMENT_BYTES,
    })),
    ...list,
    points: list.tasks.reduce((sum, task) => sum + (task.kind === 'points' ? task.count : 0), 0),
    secretEnd,
    memoryBytes: end,
  };
}

/** Bytes of one thread's workspaces, G1 then G2. */
export function workspaceStride(): number {
  return Math.ceil((workspaceBytes('g1') + workspaceBytes('g2')) / 64) * 64;
}

function listTasks(
  { variables, publicSignals, domain }: ZkeyHeader,
  layout: ZkeyLayout,
  { columns, quotient }: Pick<SetupPlan['regions'], 'columns' | 'quotient'>,
  headerSlots: number,
  shapes: Readonly<Record<Group, TableShape>>,
): Pick<SetupPlan, 'tasks' | 'windowTasks' | 'tasksWithoutCircuit'> {
  const tasks: SetupTask[] = [];
  for (const group of ['g2', 'g1'] as const)
    for (let window = shapes[group].windows - 1; window >= 0; window--) tasks.push({ kind: 'window', group, window });
  const windowTasks = tasks.length;
  const points = (group: Group, slots: number, count: number, fileOffset: number): void => {
    for (let from = 0; from < count; from += BATCH)
      tasks.push({
        kind: 'points',
        group,
        scalars: slots + from * ELEMENT_BYTES,
        count: Math.min(BATCH, count - from),
        fileOffset: fileOffset + from * FILE_POINT_BYTES[group],
      });
  };
  // Header slots: alpha, beta, delta for G1, then beta, gamma, delta for G2.
  points('g1', headerSlots, 2, layout.alpha1Beta1);
  points('g1', headerSlots + 2 * ELEMENT_BYTES, 1, layout.delta1);
  points('g2', headerSlots + 3 * ELEMENT_BYTES, 2, layout.beta2Gamma2);
  points('g2', headerSlots + 5 * ELEMENT_BYTES, 1, layout.delta2);
  points('g1', quotient, domain, layout.points.h);
  const tasksWithoutCircuit = tasks.length;
  const [a, b, c] = columns;
  points('g2', b, variables, layout.points.b2);
  points('g1', b, variables, layout.points.b1);
  points('g1', a, variables, layout.points.a);
  points('g1', c, publicSignals + 1, layout.points.ic);
  points('g1', c + (publicSignals + 1) * ELEMENT_BYTES, variables - publicSignals - 1, layout.points.c);
  return { tasks, windowTasks, tasksWithoutCircuit };
}

/** The memory of a plan; `wipe` overwrites all of it that may depend on secrets. */
export function createSetupMemory(plan: SetupPlan): { readonly memory: SharedMemory; readonly wipe: () => void } {
  const memory = createMemory(plan.memoryBytes);
  return { memory, wipe: () => new Uint8Array(memory.buffer, HEAP_START, plan.secretEnd - HEAP_START).fill(0) };
}
