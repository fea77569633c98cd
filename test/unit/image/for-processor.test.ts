import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { linesFor } from '../../../image/build/for-processor.ts';

it('a line that names a processor is for that one alone', () => {
  const text = 'kmod\nlinux-image-amd64 [amd64]\nlinux-image-arm64 [arm64]\n# kernel [sic]';
  expect(linesFor(text, 'arm64')).toEqual(['kmod', 'linux-image-arm64', '# kernel [sic]']);
});

it.each(['packages.txt', 'kernel-modules.txt', 'initrd.conf', 'cmdline'])(
  '%s asks an arm64 machine for nothing that only PCs have',
  (name) => {
    const text = readFileSync(join(import.meta.dirname, '../../../image', name), 'utf8');
    const lines = linesFor(text, 'arm64').filter((line) => !line.startsWith('#'));
    expect(lines.join('\n')).not.toMatch(
      /x86|amd64|ssse3|aesni|vmw_(?:pvscsi|balloon|vmci)|ttyS0|uhci|piix|i801|coretemp|k10temp|\bmei\b/,
    );
  },
);
