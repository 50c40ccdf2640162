// Runs a pass of one's own on a module in text form, between passes of the compiler.
import { createCompiler, parsePipeline } from 'zkmlc';
import { parseModule, printModule, runPipeline } from 'zkmlc/ir';
import plugin from './index.mjs';

const { ops, passes } = createCompiler([plugin]).registries;
const module = parseModule(
  `module @tiny {stage = "float"} {
  graph(%x: f32<1x2>) {
    %w = constant dense [1, -2, 3, 0.5] : f32<2x2>
    %0 = matmul(%x, %w) : f32<1x2>
    %1 = relu(%0) : f32<1x2>
    return %1 as "y"
  }
}`,
  ops,
);
const calibration = { samples: [], ranges: new Map([['x', [-4, 4]]]) };
const result = runPipeline(module, parsePipeline('relu6{max=4},calibrate,quantize', passes), { ops, calibration });
console.log(printModule(result));
