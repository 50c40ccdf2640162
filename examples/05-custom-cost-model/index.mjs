// A plugin with one cost model: what it costs to prove slices with Groth16 on machines that are rented by the second.
import { defineCostModel, definePlugin } from 'zkmlc';
import { BN254 } from 'zkmlc/ir';

/** What a provider offers: memory (bytes), cents per hour. Large machines are dearer per gigabyte. */
export const MACHINES = [
  { name: 'small', memory: 1e9, centsPerHour: 0.5 },
  { name: 'medium', memory: 2e9, centsPerHour: 1.2 },
  { name: 'large', memory: 4e9, centsPerHour: 5 },
];

/** The operating system's share of a machine's memory. */
const RESERVED = 1e8;

/** The cheapest machine that a slice fits; undefined if there is none. */
export function machineFor({ bytes }) {
  return MACHINES.find(({ memory }) => bytes + RESERVED <= memory);
}

/** Seconds and bytes of rank-1 constraints, measured on such machines. Parts of a slice add up. */
function rankOne({ rows, nonZeros }) {
  return { cost: 0, constraints: rows, bytes: 1400 * rows + 44 * nonZeros, seconds: 1.5e-4 * rows };
}

export const rented = defineCostModel({
  name: 'rented',
  doc: 'Cents for Groth16 proofs on rented machines, the smallest that has the memory for each slice.',
  unit: 'cents',
  // Slices are counted as backends r1cs and circom prove them.
  target: BN254,
  // Whatever is in a slice: a machine boots for 20 seconds, and the prover takes 300 MB.
  fixed: { cost: 0, constraints: 0, bytes: 3e8, seconds: 20 },
  operations: rankOne,
  // Tensors between slices are hashed on both sides: rows like any others.
  boundary: rankOne,
  // The one thing that does not add up: twice the memory can be more than twice the price, or nowhere to be had.
  price(slice) {
    const machine = machineFor(slice);
    return machine === undefined ? Infinity : (machine.centsPerHour * slice.seconds) / 3600;
  },
});

export default definePlugin({ name: 'rented-machines', costModels: [rented] });
