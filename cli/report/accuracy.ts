// How far the integer model is from the float model on one input, layer by layer.
import {
  type Compiler,
  distance,
  evaluateModule,
  type Module,
  quantizeInputs,
  type Tensor,
  type Value,
} from '../../compiler/index.ts';

/** Difference between the two models in the result of a layer, as reals. */
export interface LayerError {
  /** Largest absolute difference. */
  readonly difference: number;
  /** Largest absolute value of the float model. */
  readonly largest: number;
}

/** Elements of the float model that are kept until the integer model gets there: 512 MB. */
const MOST_ELEMENTS = 2 ** 26;

/** The result of the last operation of each node. */
function lastResults(m: Module): ReadonlyMap<Value, string> {
  const last = new Map<string, Value>();
  for (const o of m.operations) if (o.loc.node !== '' && o.results.length > 0) last.set(o.loc.node, o.results[0]!);
  return new Map([...last].map(([name, v]) => [v, name]));
}

/**
 * Errors by name of layer. A layer whose result has another shape in one of the models, or that only one of them has, is
 * left out, and so are layers of models that are too large to keep.
 * @throws Diagnostic what evaluation throws.
 */
export function layerErrors(
  models: { readonly float: Module; readonly int: Module },
  { registries }: Compiler,
  reals: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, LayerError> {
  const kept = new Map<string, Tensor>();
  let elements = 0;
  const wanted = lastResults(models.float);
  evaluateModule(models.float, registries.ops, reals, (v, t) => {
    const name = wanted.get(v);
    if (name === undefined || elements + t.data.length > MOST_ELEMENTS) return;
    elements += t.data.length;
    kept.set(name, t);
  });
  const errors = new Map<string, LayerError>();
  const found = lastResults(models.int);
  evaluateModule(models.int, registries.ops, quantizeInputs(models.int, reals), (v, t) => {
    const name = found.get(v);
    const float = name === undefined ? undefined : kept.get(name);
    if (name === undefined || float === undefined || v.type.kind !== 'int') return;
    kept.delete(name);
    if (float.shape.length !== t.shape.length || float.shape.some((n, i) => n !== t.shape[i])) return;
    const { num, den } = v.type.scale;
    const unit = Number(num) / Number(den);
    if (!Number.isFinite(unit)) return;
    errors.set(
      name,
      distance(
        Float64Array.from(t.data, (n) => n * unit),
        float.data,
      ),
    );
  });
  return errors;
}
