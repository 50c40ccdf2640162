// How a model of the corpus is compiled: with what is stated about it, calibrated on its first test set only.
import { join } from 'node:path';
import { dimensionsFromShapes } from '../../compiler/frontend/index.ts';
import { type LoadOptions, readModelFile } from '../../compiler/index.ts';
import { type CorpusModel, optionsOf } from './models.ts';

export function corpusOptions(m: CorpusModel, bits: number): LoadOptions {
  const path = join(m.folder, 'model.onnx');
  const own = optionsOf(m.name);
  return {
    model: path,
    bits,
    dims: dimensionsFromShapes(readModelFile(path).model, new Map(Object.entries(m.testSets[0]!.inputShapes))),
    ranges: own.ranges,
    ...(own.margin !== undefined && { margin: own.margin }),
    ...(own.drawn ? {} : { calibration: join(m.folder, m.testSets[0]!.dir) }),
  };
}
