// Reads a model file from disk: its decoded content, the files beside it, and the bytes themselves.
import { Diagnostic } from '../../ir/diagnostics.ts';
import { MAX_MODEL_BYTES, type ModelFiles, openModelFiles, readUserFile } from '../files.ts';
import { decodeModel } from './decode.ts';
import { decodeTensor } from './decode-tensor.ts';
import { foreignFileKind } from './file-kind.ts';
import type { OnnxModel } from './model.ts';
import { readTensor, type TensorValue } from './tensor.ts';
import { wireSource } from './wire.ts';

/** A model as read from disk. */
export interface ModelFile {
  readonly model: OnnxModel;
  readonly files: ModelFiles;
  readonly bytes: Uint8Array;
}

/**
 * Reads and decodes a model.
 * @throws Diagnostic those of {@link decodeModel} and of reading the file; each names the file.
 */
export function readModelFile(path: string, maxBytes: number = MAX_MODEL_BYTES): ModelFile {
  const bytes = readUserFile(path, maxBytes, (start) => {
    const kind = foreignFileKind(start);
    if (kind !== undefined) throw new Diagnostic('not-onnx', `this is not an ONNX model: the file is ${kind}`);
    // No message starts with field number zero: a long file of zeros is not worth reading.
    if (start[0]! < 8)
      throw new Diagnostic('not-onnx', 'this is not an ONNX model: it does not start with a protobuf field');
  });
  return { model: decodeModel(bytes, { file: path }), files: openModelFiles(path), bytes };
}

/**
 * Decodes a file that holds a single TensorProto, as ONNX test data do. Its elements must be in the file itself.
 * @throws Diagnostic as `decodeTensor` and `readTensor`; each names the file.
 */
export function readTensorProto(bytes: Uint8Array, file: string): TensorValue {
  return readTensor(decodeTensor(wireSource(bytes, { file }), [{ start: 0, end: bytes.length }]), undefined);
}
