// Hostile inputs, group E: external data that point out of the model's folder, lie about sizes, or are no plain files.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type ModelFiles, openModelFiles } from '../../compiler/frontend/files.ts';
import { decodeModel } from '../../compiler/frontend/onnx/decode.ts';
import { readModelFile } from '../../compiler/frontend/onnx/read-model.ts';
import { schema } from '../../compiler/frontend/onnx/schema.ts';
import { readTensor } from '../../compiler/frontend/onnx/tensor.ts';
import { onnxModel, onnxTensor, tensorAttribute } from '../kits/onnx-builder.ts';
import { bytesField, concat, floatBytes } from '../kits/protobuf-writer.ts';
import { peakMemory, refused } from './refused.ts';

const parent = mkdtempSync(join(tmpdir(), 'zkmlc-external-'));
const folder = join(parent, 'model');
mkdirSync(join(folder, 'sub'), { recursive: true });
const weights = Float32Array.of(1, 2, 3, 4);
const secret = Float32Array.of(9, 9, 9, 9);
writeFileSync(join(folder, 'weights.bin'), floatBytes(weights));
writeFileSync(join(folder, 'sub', 'weights.bin'), floatBytes(weights));
writeFileSync(join(parent, 'secret.bin'), floatBytes(secret));
mkdirSync(join(parent, 'outside'));
writeFileSync(join(parent, 'outside', 'secret.bin'), floatBytes(secret));
afterAll(() => rmSync(parent, { recursive: true }));

type Entries = readonly (readonly [string, string])[];

/** Writes a model whose only initializer has these external_data entries, and reads that initializer. */
function read(entries: Entries, dims: readonly number[] = [4], files?: ModelFiles): ArrayLike<number> {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, onnxModel({ initializers: [{ name: 'w', dims, data: [], external: entries }] }));
  const file = readModelFile(path);
  return readTensor(file.model.graph.initializers[0]!, files ?? file.files).tensor.data;
}

function refusedEntries(entries: Entries, ...codes: readonly string[]): void {
  const d = refused(() => read(entries), ...codes);
  expect(d.where.file).toBe(join(folder, 'model.onnx'));
  expect(d.where.field).toBe('w');
}

/** A folder that notes every access, and passes it on. */
function recording(): { readonly files: ModelFiles; readonly accesses: string[] } {
  const files = openModelFiles(join(folder, 'model.onnx'));
  const accesses: string[] = [];
  return {
    accesses,
    files: {
      read: (location, offset, length) => {
        accesses.push(`read ${location} ${offset} ${length}`);
        return files.read(location, offset, length);
      },
      size: (location) => {
        accesses.push(`size ${location}`);
        return files.size(location);
      },
      sha1: (location) => {
        accesses.push(`sha1 ${location}`);
        return files.sha1(location);
      },
    },
  };
}

describe('E1: locations', () => {
  test('plain relative paths are read, and nothing but what is asked for', () => {
    const { files, accesses } = recording();
    expect(
      read(
        [
          ['location', 'weights.bin'],
          ['offset', '4'],
          ['length', '8'],
        ],
        [2],
        files,
      ),
    ).toEqual(Float32Array.of(2, 3));
    expect(read([['location', 'sub/weights.bin']], [4], files)).toEqual(weights);
    expect(read([['location', './weights.bin']], [4], files)).toEqual(weights);
    expect(accesses).toEqual([
      'read weights.bin 4 8',
      'size sub/weights.bin',
      'read sub/weights.bin 0 16',
      'size ./weights.bin',
      'read ./weights.bin 0 16',
    ]);
  });

  test.each([
    '../secret.bin',
    'sub/../../secret.bin',
    'sub/../weights.bin',
    '/etc/passwd',
    `${parent}/secret.bin`,
    'C:\\secret.bin',
    'C:secret.bin',
    '\\\\host\\share',
    'file:///etc/passwd',
    'http://localhost/weights.bin',
    '..\\secret.bin',
    '.',
    './',
    '..',
    '',
    '/',
    'sub//weights.bin',
    'sub/',
    'weights.bin\0../../secret.bin',
    `${'x/'.repeat(3000)}weights.bin`,
  ])('%j', (location) => {
    refusedEntries(
      [
        ['location', location],
        ['length', '16'],
      ],
      'bad-location',
    );
    refusedEntries([['location', location]], 'bad-location');
  });

  test.each(['%2e%2e/secret.bin', '\uff0e\uff0e/secret.bin', 'missing.bin', 'weights.bin/x', 'x'.repeat(300)])(
    '%j is only a name',
    (location) => {
      refusedEntries(
        [
          ['location', location],
          ['length', '16'],
        ],
        'file-not-found',
        'unsafe-file',
        'unreadable-file',
      );
    },
  );
});

describe('E2: files that are no plain files', () => {
  test('symbolic links, as the file and as a folder on the way', () => {
    symlinkSync(join(parent, 'secret.bin'), join(folder, 'link.bin'));
    symlinkSync('weights.bin', join(folder, 'inner-link.bin'));
    symlinkSync(join(parent, 'outside'), join(folder, 'link-folder'));
    symlinkSync('/proc/self/environ', join(folder, 'environ'));
    symlinkSync('loop', join(folder, 'loop'));
    for (const location of ['link.bin', 'inner-link.bin', 'link-folder/secret.bin', 'environ', 'loop'])
      refusedEntries(
        [
          ['location', location],
          ['length', '16'],
        ],
        'unsafe-file',
      );
  });

  test('hard links', () => {
    linkSync(join(parent, 'outside', 'secret.bin'), join(folder, 'hard.bin'));
    refusedEntries(
      [
        ['location', 'hard.bin'],
        ['length', '16'],
      ],
      'unsafe-file',
    );
  });

  test('folders and pipes', () => {
    refusedEntries(
      [
        ['location', 'sub'],
        ['length', '16'],
      ],
      'unsafe-file',
    );
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    refusedEntries(
      [
        ['location', 'pipe'],
        ['length', '16'],
      ],
      'unsafe-file',
    );
  });

  test('devices, when the model itself lies among them', () => {
    const files = openModelFiles('/dev/model.onnx');
    for (const device of ['zero', 'tty', 'null'])
      refused(() => files.read(device, 0, 16), 'unsafe-file', 'file-not-found', 'unreadable-file');
  });
});

describe('E3: offsets and lengths', () => {
  test.each<[string, Entries]>([
    [
      'negative offset',
      [
        ['offset', '-4'],
        ['length', '16'],
      ],
    ],
    ['negative length', [['length', '-16']]],
    ['not a number', [['length', 'sixteen']]],
    ['hexadecimal', [['length', '0x10']]],
    ['a float', [['length', '16.0']]],
    ['infinite', [['length', '1e400']]],
    ['empty', [['length', '']]],
    ['blanks', [['length', ' 16']]],
    [
      'beyond 2^53',
      [
        ['offset', '9007199254740993'],
        ['length', '16'],
      ],
    ],
    [
      'beyond 2^64',
      [
        ['offset', '18446744073709551616'],
        ['length', '16'],
      ],
    ],
    ['one byte short of the tensor', [['length', '15']]],
    ['one byte more than the tensor', [['length', '17']]],
    ['the rest of the file is short', [['offset', '4']]],
    ['an offset behind the end', [['offset', '100']]],
  ])('%s', (_, entries) => refusedEntries([['location', 'weights.bin'], ...entries], 'bad-external-data'));

  test('more than the file has', () => {
    for (const offset of ['1', '16', '9007199254740990'])
      refusedEntries(
        [
          ['location', 'weights.bin'],
          ['offset', offset],
          ['length', '16'],
        ],
        'file-too-short',
      );
  });

  test('unaligned and overlapping regions are legal', () => {
    writeFileSync(join(folder, 'odd.bin'), concat([Uint8Array.of(7), floatBytes(weights)]));
    expect(
      read([
        ['location', 'odd.bin'],
        ['offset', '1'],
        ['length', '16'],
      ]),
    ).toEqual(weights);
  });

  test('of a sparse file of a terabyte only the tensor is read', () => {
    writeFileSync(join(folder, 'sparse.bin'), '');
    truncateSync(join(folder, 'sparse.bin'), 1e12);
    const before = peakMemory();
    expect(
      read([
        ['location', 'sparse.bin'],
        ['offset', '999999999984'],
        ['length', '16'],
      ]),
    ).toEqual(new Float32Array(4));
    refusedEntries([['location', 'sparse.bin']], 'bad-external-data');
    refusedEntries(
      [
        ['location', 'sparse.bin'],
        ['length', '16'],
        ['checksum', '0'.repeat(40)],
      ],
      'file-too-large',
    );
    expect(peakMemory() - before).toBeLessThan(2 ** 28);
  });
});

describe('E4: entries', () => {
  const plain: Entries = [
    ['location', 'weights.bin'],
    ['length', '16'],
  ];
  test.each(['__class__', '__proto__', 'basepath', 'Location', '', 'x'.repeat(1e6)])(
    'the unknown entry %.20s',
    (key) => {
      refusedEntries([...plain, [key, 'x']], 'bad-external-data');
    },
  );

  test('repeated, too many, or no location', () => {
    refusedEntries([...plain, ['location', '../secret.bin']], 'bad-external-data');
    refusedEntries([...plain, ...Array.from({ length: 1e5 }, (_, i) => [`key${i}`, ''] as const)], 'bad-external-data');
    refusedEntries([], 'bad-external-data');
    refusedEntries([['length', '16']], 'bad-external-data');
  });

  test('a checksum is verified', () => {
    const digest = createHash('sha1').update(floatBytes(weights)).digest('hex');
    expect(read([...plain, ['checksum', digest.toUpperCase()]])).toEqual(weights);
    for (const wrong of [digest.replace(/^./, (c) => (c === '0' ? '1' : '0')), 'abc', '', `${digest}0`])
      refusedEntries([...plain, ['checksum', wrong]], 'bad-external-data');
  });
});

describe('E5: where external data may be', () => {
  test('with raw_data as well', () => {
    const both = concat([
      onnxTensor({ name: 'w', dims: [1], data: [1] }),
      onnxTensor({ name: 'w', dims: [], data: [], external: [['location', 'weights.bin']] }),
    ]);
    const graph = bytesField(schema.ModelProto.graph.id, bytesField(schema.GraphProto.initializer.id, both));
    const model = decodeModel(graph, { file: 'model.onnx' });
    refused(() => readTensor(model.graph.initializers[0]!, recording().files), 'bad-tensor');
  });

  test('in an attribute it obeys the same rules', () => {
    const value = (location: string) =>
      tensorAttribute({
        dims: [4],
        data: [],
        external: [
          ['location', location],
          ['length', '16'],
        ],
      });
    const readAttribute = (location: string): unknown => {
      const model = decodeModel(
        onnxModel({ nodes: [{ op: 'Constant', inputs: [], outputs: ['c'], attributes: { value: value(location) } }] }),
        { file: 'm' },
      );
      const attribute = model.graph.nodes[0]?.attributes.get('value');
      return attribute?.kind === 'tensor'
        ? readTensor(attribute.value, openModelFiles(join(folder, 'm'))).tensor.data
        : undefined;
    };
    expect(readAttribute('weights.bin')).toEqual(weights);
    refused(() => readAttribute('../secret.bin'), 'bad-location');
  });

  test('a model that did not come from a file has no folder', () => {
    const model = decodeModel(
      onnxModel({ initializers: [{ name: 'w', dims: [4], data: [], external: [['location', 'weights.bin']] }] }),
      { file: 'model.onnx' },
    );
    refused(() => readTensor(model.graph.initializers[0]!, undefined), 'bad-external-data');
  });

  test('subgraphs and functions are not entered', () => {
    const body = {
      name: 'body',
      initializers: [{ name: 'w', dims: [4], data: [], external: [['location', '../secret.bin']] as const }],
    };
    const model = decodeModel(
      onnxModel({
        nodes: [
          { op: 'If', inputs: ['c'], outputs: ['y'], attributes: { then_branch: { kind: 'graph', value: body } } },
        ],
      }),
      { file: 'm' },
    );
    expect(model.graph.nodes[0]?.attributes.get('then_branch')).toEqual({ kind: 'graph' });
  });
});
