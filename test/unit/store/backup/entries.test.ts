import { array, assert, nat, property, uint8Array } from 'fast-check';
import { expect, it } from 'vitest';
import { entryLine, readEntries, type Entry } from '../../../../appliance/store/backup/entries.ts';
import { BackupError } from '../../../../appliance/store/backup/sealed-file.ts';

const file: Entry = {
  path: 'state/dhcp/dhcp.db',
  kind: 'file',
  size: 5,
  mode: 0o640,
  user: 'gatehouse-dhcp',
  group: 'gatehouse',
};

/** Path and content of each entry. */
function read(pieces: readonly Buffer[]): [string, string][] {
  return Array.from(readEntries(pieces), ({ entry, content }) => [
    entry.path,
    Buffer.concat([...content]).toString(),
  ]);
}

const archive = Buffer.concat([
  entryLine({ ...file, path: 'state/dhcp', kind: 'folder', size: 0 }),
  entryLine(file),
  Buffer.from('lease'),
  entryLine({ ...file, path: 'named/etc/gatehouse/token', size: 0 }),
]);

it('entries are read whole, wherever the pieces end', () => {
  const expected = [
    ['state/dhcp', ''],
    ['state/dhcp/dhcp.db', 'lease'],
    ['named/etc/gatehouse/token', ''],
  ];
  for (let at = 0; at <= archive.length; at += 1)
    expect(read([archive.subarray(0, at), archive.subarray(at)])).toEqual(expected);
});

it.each([
  '/etc/passwd',
  'state/../../etc/passwd',
  'state/dhcp/..',
  'state//dhcp.db',
  'state/a\u0000b',
  'state/a\nb',
  'settings/x',
  'elsewhere/x',
  `state/${'x'.repeat(300)}`,
])('a path that leads elsewhere is refused: %j', (path) => {
  expect(() => read([entryLine({ ...file, path, size: 0 })])).toThrow(BackupError);
});

it.each([
  ['a size below nothing', { size: -1 }],
  ['rights that are none', { mode: 0o77777 }],
  ['a folder with content', { kind: 'folder' as const }],
  ['another kind', { kind: 'link' as unknown as 'file' }],
])('%s is refused', (_what, wrong) => {
  expect(() => read([entryLine({ ...file, ...wrong }), Buffer.from('lease')])).toThrow(BackupError);
});

it('an end in the middle of a file is told', () => {
  expect(() => read([entryLine(file), Buffer.from('le')])).toThrow('ends in the middle');
  expect(() => read([entryLine(file).subarray(0, 20)])).toThrow('ends in the middle');
});

it('more files than a box has, and lines without end, are refused', () => {
  const line = entryLine({ ...file, size: 0 });
  expect(() => read(Array.from({ length: 10_001 }, () => line))).toThrow('more than 10000 files');
  expect(() => read([Buffer.alloc(10_000, 'x'), Buffer.alloc(10_000, 'x')])).toThrow(BackupError);
});

it('whatever the bytes are, nothing but its own error comes of them', () => {
  assert(
    property(array(uint8Array({ maxLength: 200 })), nat(archive.length), (pieces, at) => {
      const bytes = [archive.subarray(0, at), ...pieces.map((piece) => Buffer.from(piece))];
      expect(errorOf(() => read(bytes))).toSatisfy(
        (error: unknown) => error === undefined || error instanceof BackupError,
      );
    }),
    { numRuns: 500 },
  );
});

function errorOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}
