// Indented Circom text: lines, loop nests and guarded statements.
import type { Shape } from '../../ir/tensor.ts';
import { addIndex, affineIndex, constantIndex, type Index, loopIndex } from './index-expression.ts';
import { loopVariable } from './names.ts';
import type { AxisLoops } from './refinement.ts';

export interface Writer {
  line(text: string): void;
  /** An empty line, unless one is there already. */
  gap(): void;
  /** `header {` body `}`. */
  block(header: string, body: () => void): void;
  /**
   * Loops over all cells of a shape; `first` is the number of loop variables in use outside. An axis may be given as
   * several loops whose sizes multiply to it.
   */
  nest(axes: readonly (number | AxisLoops)[], body: (ix: readonly Index[]) => void, first?: number): void;
  /** Runs the body where all guards hold. A guard that reads an array is tested only where those before it hold. */
  guarded(guards: readonly string[], body: () => void): void;
  /** Everything written so far. */
  text(): string;
}

export function createWriter(depth = 0): Writer {
  const lines: string[] = [];
  let indent = '  '.repeat(depth);
  const writer: Writer = {
    line(text) {
      lines.push(indent + text);
    },
    gap() {
      if (lines.length > 0 && lines.at(-1) !== '') lines.push('');
    },
    block(header, body) {
      writer.line(`${header} {`);
      indent += '  ';
      body();
      indent = indent.slice(2);
      writer.line('}');
    },
    nest(axes, body, first = 0) {
      const split = axes.map((a) => (typeof a === 'number' ? [a] : a));
      const sizes = split.flat();
      const loop = (k: number, used: number, ix: readonly Index[]): void => {
        const size = sizes[k];
        if (size === undefined) {
          body(combined(split, ix));
          return;
        }
        const name = loopVariable(used);
        const inner = [...ix, loopIndex(name, size)];
        if (size === 1) loop(k + 1, used, inner);
        else writer.block(`for (var ${name} = 0; ${name} < ${size}; ${name}++)`, () => loop(k + 1, used + 1, inner));
      };
      loop(0, first, []);
    },
    guarded(guards, body) {
      const groups: string[][] = [];
      for (const g of guards) {
        const last = groups.at(-1);
        if (last === undefined || g.includes('[')) groups.push([g]);
        else last.push(g);
      }
      const open = (k: number): void => {
        const group = groups[k];
        if (group === undefined) body();
        else writer.block(`if (${group.join(' && ')})`, () => open(k + 1));
      };
      open(0);
    },
    text: () => lines.map((l) => `${l}\n`).join(''),
  };
  return writer;
}

/** The index along each axis, from those of its loops. */
function combined(axes: readonly AxisLoops[], ix: readonly Index[]): readonly Index[] {
  let next = 0;
  return axes.map((loops) =>
    loops.reduce((sum, size) => addIndex(affineIndex(sum, size), ix[next++]!), constantIndex(0)),
  );
}

/** Number of loops that a nest opens. */
export function loopsOf(axes: readonly (number | AxisLoops)[]): number {
  return axes.flat().filter((d) => d !== 1).length;
}

/** `[2][3]`. */
export function dimensions(shape: Shape): string {
  return shape.map((d) => `[${d}]`).join('');
}
