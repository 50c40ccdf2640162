// zkmlc passes: the passes and their options. Documentation is generated from this.
import type { Command } from 'commander';
import type { AnyPass } from '../../compiler/index.ts';
import type { CommandContext } from '../context.ts';
import { collect, compilerWith } from '../options.ts';
import { describeSchema, schemaRows } from '../schema-text.ts';
import { markdownTable } from '../table.ts';

interface ListFlags {
  readonly markdown?: boolean;
  readonly plugin?: readonly string[];
}

export function registerPasses(program: Command, cx: CommandContext): void {
  program
    .command('passes')
    .description('list the passes and their options')
    .option('--markdown', 'print as Markdown')
    .option('--plugin <module>', 'ES module with more passes (repeatable)', collect)
    .option('--json', 'print as JSON')
    .action(async (flags: ListFlags) => {
      const { registries } = await compilerWith(flags.plugin);
      const passes = [...registries.passes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      const text =
        flags.markdown === true ? ['# Passes', '', ...passes.map(markdown)].join('\n') : passes.map(plain).join('\n');
      cx.console.result(
        text.trimEnd(),
        passes.map(({ name, doc, needs, gives, options }) => ({ name, doc, needs, gives, options })),
      );
    });
}

/** `float -> int`. */
const stages = ({ needs, gives }: AnyPass): string =>
  `${needs} -> ${gives === 'same' ? (needs === 'any' ? 'the same' : needs) : gives}`;

function plain(p: AnyPass): string {
  return [`${p.name}  [${stages(p)}]`, `    ${p.doc}`, ...describeSchema(p.options).map((line) => `    ${line}`)].join(
    '\n',
  );
}

function markdown(p: AnyPass): string {
  const rows = schemaRows(p.options);
  return [
    `## ${p.name}`,
    '',
    `${p.doc} Stage: ${stages(p)}.`,
    '',
    ...(rows.length === 0 ? [] : [markdownTable([['option', 'kind', 'default', 'meaning'], ...rows]), '']),
  ].join('\n');
}
