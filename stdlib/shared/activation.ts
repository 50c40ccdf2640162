// Activations: unary functions of reals that quantization turns into clamps or lookup tables of a requantization.

import type { Activation, AttrSchema, AttrsOf, OnnxImport, OpDef, Sample } from '../../compiler/ir/op.ts';
import { type AnyOp, defineOp } from '../../compiler/ir/op.ts';
import {
  compareRational,
  divRational,
  mulRational,
  type Rational,
  rational,
  rationalFromNumber,
} from '../../compiler/ir/rational.ts';
import { roundHalfUp } from '../../compiler/ir/real.ts';
import type { Element } from '../../compiler/ir/types.ts';
import { floatOnly, floatResult, REALS } from './types.ts';

/** What is special about one activation. */
export interface ActivationSpec<S extends AttrSchema> {
  readonly name: string;
  readonly doc: string;
  readonly attrs: S;
  /** Elements besides reals that the function also has a meaning for. */
  readonly elements?: readonly Element[];
  readonly params: (attrs: AttrsOf<S>) => readonly number[];
  readonly activation: Omit<Activation, 'params'>;
  readonly onnx: readonly OnnxImport[];
  readonly samples: readonly Sample[];
}

/** An operator of the float stage that applies a function to each element. */
export function defineActivation<const S extends AttrSchema>(spec: ActivationSpec<S>): AnyOp {
  const { params, activation } = spec;
  const op: OpDef<S> = {
    name: spec.name,
    doc: spec.doc,
    operands: ['x'],
    results: ['y'],
    attrs: spec.attrs,
    onnx: spec.onnx,
    samples: spec.samples,
    quantization: { kind: 'activation' },
    infer: (types) =>
      floatOnly(spec.name, types, spec.elements ?? REALS).map((t) => floatResult(spec.name, t.shape, t.element)),
    evalFloat([x], cx) {
      const p = params(cx.attrs);
      return [{ shape: x!.shape, data: Float64Array.from(x!.data, (v) => activation.real(p, v)) }];
    },
    // The attributes were checked against the schema when the operation was built.
    activation: { ...activation, params: (attrs) => params(attrs as AttrsOf<S>) },
  };
  return defineOp(op);
}

/** round half up of clamp(x * from, lo, hi) / to, all exact. */
export function clampedEntry(x: bigint, from: Rational, to: Rational, lo: number, hi: number): bigint {
  const value = mulRational(rational(x), from);
  const [least, most] = [rationalFromNumber(lo), rationalFromNumber(hi)];
  const raised = compareRational(value, least) < 0 ? least : value;
  return roundHalfUp(divRational(compareRational(raised, most) > 0 ? most : raised, to));
}
