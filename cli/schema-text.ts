// Attribute and option schemas as text: what `ops` and `passes` print.
import type { AttrSchema } from '../compiler/index.ts';

/** One row per entry: name, kind, default, meaning. */
export function schemaRows(schema: AttrSchema): readonly (readonly [string, string, string, string])[] {
  return Object.entries(schema).map(([name, { kind, doc, default: otherwise, values }]) => [
    name,
    values === undefined ? kind : values.join(' or '),
    otherwise === undefined ? 'required' : JSON.stringify(otherwise),
    doc,
  ]);
}

/** `bits (int, default 8): width of activations`. */
export function describeSchema(schema: AttrSchema): readonly string[] {
  return schemaRows(schema).map(([name, kind, otherwise, doc]) => {
    const value = otherwise === 'required' ? otherwise : `default ${otherwise}`;
    return `${name} (${kind}, ${value}): ${doc}`;
  });
}
