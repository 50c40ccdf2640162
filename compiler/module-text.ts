// Reading modules from text without loading the parser for commands that never use it.
import type { Module } from './ir/module.ts';
import type { OpRegistry } from './ir/op.ts';
import type { ParseOptions } from './ir/text/parser.ts';

/**
 * The module that a text states, as `parseModule` of `zkmlc/ir`. The parser is loaded on first use: that takes longer
 * than loading the rest of the compiler.
 * @throws Diagnostic with line and column for everything that is wrong.
 */
export async function readModuleText(text: string, ops: OpRegistry, options: ParseOptions = {}): Promise<Module> {
  const { parseModule } = await import('./ir/text/parser.ts');
  return parseModule(text, ops, options);
}
