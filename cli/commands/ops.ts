// zkmlc ops: the operators, their attributes, and which ONNX operators they import. Documentation is generated from this.
import type { Command } from 'commander';
import { type AnyOp, OPSETS } from '../../compiler/index.ts';
import type { CommandContext } from '../context.ts';
import { collect, compilerWith } from '../options.ts';
import { describeSchema, schemaRows } from '../schema-text.ts';
import { markdownTable } from '../table.ts';

interface ListFlags {
  readonly markdown?: boolean;
  readonly plugin?: readonly string[];
}

export function registerOps(program: Command, cx: CommandContext): void {
  program
    .command('ops')
    .description('list the operators, their attributes and the ONNX operators that they import')
    .option('--markdown', 'print as Markdown')
    .option('--plugin <module>', 'ES module with more operators (repeatable)', collect)
    .option('--json', 'print as JSON')
    .action(async (flags: ListFlags) => {
      const { registries } = await compilerWith(flags.plugin);
      const ops = [...registries.ops.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      const text =
        flags.markdown === true ? ['# Operators', '', ...ops.map(markdown)].join('\n') : ops.map(plain).join('\n');
      cx.console.result(text.trimEnd(), ops.map(describe));
    });
}

/** `Conv (opset 6 to 28)`. */
function importsOf(op: AnyOp): readonly string[] {
  const [oldest, newest] = OPSETS;
  return (op.onnx ?? []).map((o) => `${o.opType} (opset ${Math.max(oldest, o.since[0] ?? oldest)} to ${newest})`);
}

/** What can be done with the operator: a proof needs constraints, or an expansion into operators that have some. */
function roleOf(op: AnyOp): string {
  if (op.lower !== undefined) return 'has constraints';
  if (op.expand !== undefined) return 'expands into other operators';
  if (op.activation !== undefined) return 'activation: becomes part of a requantization';
  return 'for constants only: folded away';
}

const signature = (op: AnyOp): string => `${op.name}(${op.operands.join(', ')}) -> ${op.results.join(', ')}`;

function plain(op: AnyOp): string {
  const imports = importsOf(op);
  return [
    signature(op),
    `    ${op.doc}`,
    `    ${roleOf(op)}${imports.length === 0 ? '' : `; ONNX ${imports.join(', ')}`}`,
    ...describeSchema(op.attrs).map((line) => `    ${line}`),
  ].join('\n');
}

function markdown(op: AnyOp): string {
  const imports = importsOf(op);
  const rows = schemaRows(op.attrs);
  return [
    `## ${op.name}`,
    '',
    `\`${signature(op)}\``,
    '',
    `${op.doc} *${roleOf(op)}.*`,
    '',
    ...(imports.length === 0 ? [] : [`ONNX: ${imports.join(', ')}.`, '']),
    ...(rows.length === 0 ? [] : [markdownTable([['attribute', 'kind', 'default', 'meaning'], ...rows]), '']),
  ].join('\n');
}

function describe(op: AnyOp): unknown {
  const { name, doc, operands, results, attrs } = op;
  const onnx = (op.onnx ?? []).map(({ opType, since, attributes }) => ({
    opType,
    since,
    newest: OPSETS[1],
    attributes,
  }));
  return { name, doc, operands, results, role: roleOf(op), attributes: attrs, onnx };
}
