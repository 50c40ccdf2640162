// Recognises files that are commonly handed over instead of an ONNX model, so that the error can say what they are.

const signatures: readonly { readonly at: number; readonly text: string; readonly what: string }[] = [
  { at: 0, text: 'version https://git-lfs', what: 'a Git LFS pointer, not the model itself: run `git lfs pull`' },
  {
    at: 0,
    text: 'PK\x03\x04',
    what: 'a zip archive (a PyTorch checkpoint, a Keras file or an .npz): export the model to ONNX or unpack it',
  },
  { at: 0, text: '\x1f\x8b', what: 'gzip-compressed: decompress it first' },
  { at: 0, text: '\x28\xb5\x2f\xfd', what: 'zstd-compressed: decompress it first' },
  { at: 0, text: '\x89PNG', what: 'a PNG image' },
  { at: 0, text: '\x89HDF', what: 'an HDF5 file (Keras weights): export the model to ONNX' },
  { at: 0, text: '\x93NUMPY', what: 'a NumPy array' },
  { at: 0, text: '\x80\x02', what: 'a Python pickle: export the model to ONNX' },
  { at: 4, text: 'TFL3', what: 'a TensorFlow Lite model: convert it to ONNX' },
  { at: 4, text: 'ORTM', what: "onnxruntime's own format: convert the ONNX file it was made from" },
  { at: 0, text: '\xef\xbb\xbf', what: 'a text file with a byte order mark' },
  { at: 0, text: '{', what: 'a JSON file' },
  { at: 0, text: '<', what: 'an HTML or XML page' },
];

/** What a file is, if its first bytes are those of a known other format; `undefined` if they are not. */
export function foreignFileKind(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'empty';
  const start = String.fromCharCode(...bytes.subarray(0, 64));
  return signatures.find(({ at, text }) => start.startsWith(text, at))?.what;
}
