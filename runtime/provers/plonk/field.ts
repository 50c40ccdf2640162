// The prover's field: KoalaBear and its extension, as the circuit side defines them.
export * from '../../../compiler/ir/koalabear.ts';
