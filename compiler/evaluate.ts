// Evaluation of models: the module interpreter, for those who know it by its place in the compiler.
export * from './ir/evaluate.ts';
