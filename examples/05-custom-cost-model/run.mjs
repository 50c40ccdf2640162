// Cuts model.onnx where proving it on rented machines is cheapest, and says which machine takes which slice.
import { join } from 'node:path';
import { createCompiler, sliceModule } from 'zkmlc';
import plugin, { machineFor, rented } from './index.mjs';

const compiler = createCompiler([plugin]);
const { ops } = compiler.registries;
const model = await compiler.load({
  model: join(import.meta.dirname, 'model.onnx'),
  ranges: new Map([['picture', [0, 1]]]),
});

const ask = (request) => sliceModule(model.int, request, { ops, costModel: rented });
const cents = (x) => (Number.isFinite(x) ? `${x.toFixed(3)} cents` : 'more memory than any machine has');

const { slices, report } = ask({ objective: { kind: 'total' }, limits: {} });
console.log(`in one piece: ${cents(report.unsliced)}`);
console.log(`in ${slices.length} slices: ${cents(report.total)} (${report.optimality})`);
for (const { name, nodes, predicted } of slices) {
  const { bytes, seconds, cost } = predicted;
  const use = `${(bytes / 1e9).toFixed(2)} GB for ${seconds.toFixed(0)} s`;
  console.log(
    `  ${name} on a ${machineFor(predicted).name} machine: ${nodes[0]} to ${nodes.at(-1)}, ${use}, ${cents(cost)}`,
  );
}
