// Indented Circom text: lines, loop nests and guarded statements.
import type { Shape } from '../../ir/tensor.ts';
import { type Index, loopIndex } from './index-expression.ts';
import { loopVariable } from './names.ts';

export interface Writer {
  line(text: string): void;
  /** An empty line, unless one is there already. */
  gap(): void;
  /** `header {` body `}`. */
  block(header: string, body: () => void): void;
  /** Loops over all cells of a shape; `first` is the number of loop variables in use outside. */
  nest(shape: Shape, body: (ix: readonly Index[]) => void, first?: number): void;
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
    nest(shape, body, first = 0) {
      const loop = (axis: number, used: number, ix: readonly Index[]): void => {
        const size = shape[axis];
        if (size === undefined) {
          body(ix);
          return;
        }
        const name = loopVariable(used);
        const inner = [...ix, loopIndex(name, size)];
        if (size === 1) loop(axis + 1, used, inner);
        else writer.block(`for (var ${name} = 0; ${name} < ${size}; ${name}++)`, () => loop(axis + 1, used + 1, inner));
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

/** Number of loops that a nest over the shape opens. */
export function loopsOf(shape: Shape): number {
  return shape.filter((d) => d !== 1).length;
}

/** `[2][3]`. */
export function dimensions(shape: Shape): string {
  return shape.map((d) => `[${d}]`).join('');
}
