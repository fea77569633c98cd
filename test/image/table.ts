/** `npm run image:figures`: writes image/FIGURES.md from what the last build and `npm run test:image` measured. */
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineNow } from '../long/results.ts';
import { cpus } from 'node:os';

const image = join(import.meta.dirname, '../../image');
const figures = join(image, 'out/figures.json');
if (!existsSync(figures)) throw new Error(`${figures} is not there: npm run test:image`);
const measured = JSON.parse(readFileSync(figures, 'utf8')) as Record<string, number>;
const sizes = readdirSync(join(image, 'out'))
  .filter((name) => /\.(?:raw\.zst|qcow2|erofs|verity|efi|deb)$/.test(name))
  .map((name) => [`size of ${name}, MB`, statSync(join(image, 'out', name)).size / 2 ** 20] as const);
const { commit, load } = await machineNow();
const rows = [...Object.entries(measured), ...sizes].map(
  ([name, value]) => `| ${name} | ${Math.round(value * 10) / 10} |`,
);
writeFileSync(
  join(image, 'FIGURES.md'),
  `# Figures of the image

Written by \`npm run image:figures\` after \`npm run test:image\`, commit ${commit}. Times are under emulation without hardware
help (QEMU's TCG, two processors of a ${cpus()[0]?.model ?? 'machine'}, load ${load}): real machines are ten times as fast, and a loaded
one is slower. Home Assistant OS publishes none of these for its own image; results of power cuts, faults and kills stand in
[test/long/RESULTS.md](../test/long/RESULTS.md).

| what | figure |
|---|--:|
${rows.join('\n')}
`,
);
