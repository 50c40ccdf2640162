// Runs the conformance kit of `zkmlc/testing` over the plugin's operators, on both kinds of targets.
import { BN254, KOALABEAR, operatorRegistry } from 'zkmlc/ir';
import { standardOps } from 'zkmlc/stdlib';
import * as kit from 'zkmlc/testing';
import plugin from './index.mjs';

const ops = operatorRegistry([...standardOps, ...plugin.ops]);

for (const def of plugin.ops) {
  kit.checkDeclaration(def);
  kit.checkActivation(def);
  for (const sample of def.samples) kit.checkFloatSample(def, sample, ops);
  // An activation becomes the table of a requantization: its circuit is checked there, with lies that must be refused.
  let [runs, lies] = [0, 0];
  for (const sample of kit.activationSamples(def))
    for (const target of [BN254, KOALABEAR]) {
      const report = kit.checkIntegerSample(ops.get('requant'), sample, ops, target);
      runs += report.runs;
      lies += report.lies;
    }
  console.log(`${def.name}: ${runs} runs agree with the definition, ${lies} lies refused`);
}
