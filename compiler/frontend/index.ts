// The front end: from ONNX files to modules of the graph IR.
export { type Dimensions, dimensionsFromShapes, elementOf, type ImportedPort } from './graph-ports.ts';
export { type ImportedModel, type ImportOptions, importModel } from './import.ts';
export { IR_VERSIONS, OPSETS } from './versions.ts';
