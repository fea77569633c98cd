/**
 * `npm run image:figures`: writes image/FIGURES.md from what the last build, `npm run test:image` and `npm run test:image:update`
 * measured, beside what Home Assistant OS publishes.
 */
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { machineNow } from '../long/results.ts';

const image = join(import.meta.dirname, '../../image');
const figures = join(image, 'out/figures.json');
if (!existsSync(figures)) throw new Error(`${figures} is not there: npm run test:image`);
const measured = JSON.parse(readFileSync(figures, 'utf8')) as Record<string, number>;
const files = readdirSync(join(image, 'out')).filter((name) =>
  /\.(?:raw|raw\.zst|qcow2|erofs|verity|efi|deb)$/.test(name),
);
const megabytes = (name: string) => Math.round(statSync(join(image, 'out', name)).size / 1e5) / 10;
const rows = [
  ...Object.entries(measured).map(([name, value]) => [name, Math.round(value * 10) / 10] as const),
  ...files.map((name) => [`size of ${name}, MB`, megabytes(name)] as const),
];

/** Ours, as measured; absent until its test has run. */
const ours = (name: string) => measured[name]?.toString() ?? 'not measured';
const sizeOf = (ending: string) => {
  const name = files.find((file) => file.endsWith(ending));
  return name === undefined ? 'not built' : String(megabytes(name));
};

/** What Home Assistant OS publishes: its release 18.3, its board file `generic-x86-64/meta`, and its tests (`tests/smoke_test`). */
const besideHomeAssistantOs = [
  ['disk for hypervisors, MB to download', sizeOf('.qcow2'), '510 (`haos_ova-18.3.qcow2.xz`)'],
  ['disk as it is written, GB', (Number(sizeOf('.raw')) / 1000).toFixed(1), '6 (`DISK_SIZE`)'],
  [
    'update, from the order until the new release has proved itself, s',
    ours('update: order to proved new release, s'),
    'its test allows 600',
  ],
  [
    'a release that fails on the box, until the former one runs and tells, s',
    ours('update: order to rolled back and told, s'),
    'not tested; by hand to the other slot, its test allows 180',
  ],
  ['power cuts in an update that were survived', ours('update: power cuts survived'), 'none in its tests'],
  ['tampered update', 'refused (`test/image/update`)', 'not in its tests (its bundles are signed)'],
  ['power on to the first thing served, s', ours('power to configuration, first boot, s'), 'not published'],
];

const table = (heads: readonly string[], lines: readonly (readonly unknown[])[]) =>
  [heads, heads.map((_, at) => (at === 0 ? '---' : '--:')), ...lines]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');

const { commit, load } = await machineNow();
writeFileSync(
  join(image, 'FIGURES.md'),
  `# Figures of the image

Written by \`npm run image:figures\` after \`npm run test:image\` and \`npm run test:image:update\`, commit ${commit}. Times are under
emulation without hardware help (QEMU's TCG, two processors of a ${cpus()[0]?.model ?? 'machine'}, load ${load}): real machines are some
ten times as fast, and a loaded one is slower. Results of faults and kills stand in [test/long/RESULTS.md](../test/long/RESULTS.md).

## Beside Home Assistant OS

${table(['what', 'Gatehouse', 'Home Assistant OS, as published'], besideHomeAssistantOs)}

## All figures

${table(['what', 'figure'], rows)}
`,
);
