// Pulling claims back in product form: terms on wires become terms on columns, contractions and public inputs. The transpose
// of every linear instruction, applied in one walk backwards.
import { type Instr, outputsOf } from '../../circuit.ts';
import { contractionSizes } from '../../contraction.ts';
import { add, EXT, type Ext, fromBase, mul, ONE, ZERO } from '../../koalabear.ts';
import { type Shape, sizeOf } from '../../tensor.ts';
import { type View, viewShape } from '../../view.ts';
import { addTerm, dotTerm, totalOf } from './covector.ts';
import type { Term } from './covector-types.ts';
import { concatTerm, contractTerm, sumTerm, viewTerm } from './covector-views.ts';
import { residueOf } from './draft.ts';
import { reachOf } from './reachable.ts';
import { fixedValues, indexTables } from './residue-walk.ts';
import type { LinearForm, Plan, PullBack, PulledBack } from './types.ts';

/**
 * Prepares a plan: values of fixed wires are computed once, on first use, and shared by all walks. Number and factors of the
 * resulting terms follow from the plan and from the factors of the terms that are added, never from their values.
 */
export function preparePullBack(plan: Plan): () => PullBack {
  const { circuit: c, shapes } = plan;
  const reach = reachOf(c);
  const fixed = fixedValues(c, reach.definedBy, indexTables(c));
  const isColumn = new Set(plan.columns.map((column) => column.wire));
  const isInput = new Set(plan.inputs.map((input) => input.wire));
  const contraction = new Set(plan.contractions.map((k) => k.wire));
  const definitionOf = new Map([...plan.definitions].map(([definition, w]) => [w, definition]));
  const shapeOf = (wire: number): Shape => shapes[wire]!;
  const outputs = c.instrs.map((i) => outputsOf(i));

  return () => {
    const sums = new Map<number, Term[]>();
    const results = new Map<number, readonly Term[]>();
    let constant: Ext = ZERO;
    let finished = false;

    const put = (wire: number, term: Term): void => {
      if (sizeOf(shapeOf(wire)) === 0) return;
      const list = sums.get(wire) ?? [];
      sums.set(wire, list);
      // Nothing follows from how many terms a column has.
      if (isColumn.has(wire)) list.push(term);
      else addTerm(list, term);
    };

    const addForm = (form: LinearForm, term: Term, shape: Shape): void => {
      for (const { wire, k } of form.terms) put(wire, scaled(term, fromBase(k)));
      if (form.constant !== 0) constant = add(constant, mul(fromBase(form.constant), totalOf(term, shape)));
    };

    /** The transpose of one linear instruction. */
    const carry = (index: number, i: Instr, term: Term): void => {
      switch (i.op) {
        case 'affine':
          for (const [j, w] of i.in.entries()) put(w, scaled(term, fromBase(residueOf(i.k[j]!))));
          if (i.c !== 0n) constant = add(constant, mul(fromBase(residueOf(i.c)), totalOf(term, shapeOf(i.out))));
          return;
        case 'view':
          if (sizeOf(shapeOf(i.in)) > 0) put(i.in, viewedTerm(term, i.steps, shapeOf(i.in)));
          return;
        case 'concat': {
          let start = 0;
          for (const w of i.in) {
            const size = shapeOf(w)[i.axis]!;
            if (size > 0) put(w, concatTerm(term, shapeOf(i.out), i.axis, start, size));
            start += size;
          }
          return;
        }
        case 'sum':
          put(i.in, sumTerm(term, i.axes, shapeOf(i.in)));
          return;
        case 'deduce':
        case 'range':
          put(i.in, term);
          return;
        case 'contract': {
          const { a, b, out } = i.spec;
          const sizes = contractionSizes(i.spec, shapeOf(i.in[0]), shapeOf(i.in[1]));
          const [x, names, other, letters] = reach.fixed.has(i.in[1])
            ? ([i.in[0], a, i.in[1], b] as const)
            : ([i.in[1], b, i.in[0], a] as const);
          // Sums over no cells.
          if (sizeOf(shapeOf(i.in[0])) === 0 || sizeOf(shapeOf(i.in[1])) === 0) return;
          put(x, contractTerm(term, out, names, { names: letters, cells: fixed(other) }, sizes));
          return;
        }
        default:
          throw new RangeError(`plan: a claim reaches wire of ${i.op} at instruction ${index}, which is no column`);
      }
    };

    /** A fixed wire that has more cells than what it is made of: one cell there stands for many here. */
    const comesFromFewer = (i: Instr, w: number): boolean =>
      i.op !== 'contract' &&
      'in' in i &&
      [i.in].flat().reduce((n, x) => n + sizeOf(shapeOf(x)), 0) < sizeOf(shapeOf(w));

    const walk = (): void => {
      for (let index = c.instrs.length - 1; index >= 0; index--) {
        const i = c.instrs[index]!;
        for (const w of outputs[index]!) {
          const definition = definitionOf.get(w);
          if (definition === undefined && (isColumn.has(w) || isInput.has(w))) continue;
          const key = definition ?? w;
          const terms = sums.get(key);
          if (terms === undefined) continue;
          sums.delete(key);
          const substitution = plan.substitutions.get(w);
          if (substitution !== undefined) for (const term of terms) addForm(substitution, term, shapeOf(w));
          else if (contraction.has(w)) results.set(w, terms);
          else if (reach.fixed.has(w) && !comesFromFewer(i, w))
            for (const term of terms) constant = add(constant, dotTerm(term, shapeOf(w), fixed(w)));
          else for (const term of terms) carry(index, i, term);
        }
      }
    };

    return {
      add(wire, term, k = ONE) {
        checkTerm(term, shapeOf(wire));
        put(wire, scaled(term, k));
      },
      addForm(form, term, k = ONE) {
        const shape = form.terms.length === 0 ? undefined : shapeOf(form.terms[0]!.wire);
        if (shape === undefined) throw new RangeError('plan: a form without wires has no cells');
        for (const { wire } of form.terms) checkTerm(term, shapeOf(wire));
        addForm(form, scaled(term, k), shape);
      },
      finish(): PulledBack {
        if (finished) throw new RangeError('plan: a walk ends once');
        finished = true;
        walk();
        return {
          columns: plan.columns.map((column) => sums.get(column.wire) ?? []),
          contractions: plan.contractions.map((k) => results.get(k.wire) ?? []),
          inputs: plan.inputs.map((input) => sums.get(input.wire) ?? []),
          constant,
        };
      },
    };
  };
}

const scaled = (term: Term, k: Ext): Term => (k === ONE ? term : { k: mul(k, term.k), factors: term.factors });

/** The transpose of steps applied in order to a tensor of the given shape. */
function viewedTerm(term: Term, steps: readonly View[], shape: Shape): Term {
  const shapes: Shape[] = [shape];
  for (const step of steps) shapes.push(viewShape(step, shapes[shapes.length - 1]!));
  return steps.reduceRight((t, step, s) => viewTerm(t, step, shapes[s]!), term);
}

function checkTerm({ factors }: Term, shape: Shape): void {
  const seen = new Set<number>();
  for (const { axes, values } of factors) {
    const ascends = axes.length > 0 && axes.every((axis, i) => i === 0 || axis > axes[i - 1]!);
    const isOwn = axes.every((axis) => !seen.has(axis) && (shape[axis] ?? 1) !== 1);
    if (!ascends || !isOwn || values.length !== EXT * sizeOf(axes.map((axis) => shape[axis]!)))
      throw new RangeError(
        `plan: a factor of ${values.length / EXT} elements over axes [${axes.join(', ')}] for a wire [${shape.join(', ')}]`,
      );
    for (const axis of axes) seen.add(axis);
  }
}
