// The textual form of modules: printing and reading.
export { type ParseOptions, parseModule } from './parser.ts';
export { INLINE_ELEMENTS, type PrintOptions, printModule } from './printer.ts';
