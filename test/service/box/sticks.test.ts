/** Sticks of people who mean no good: a folder stands for what was mounted, and nothing in it is believed. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { carryOutCommand } from '../../../appliance/box/carry-out.ts';
import { keepOffered, readStick, takeOffered } from '../../../appliance/box/stick-files.ts';
import { handlerFor } from '../../../appliance/box/take-offered.ts';
import { readConfig } from '../../../appliance/config.ts';
import { readOutcomes } from '../../../appliance/store/outcomes.ts';
import { openWorld } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openSmallDisk } from '../../support/small-disk.ts';

const good = '[site]\naddress = "10.20.0.1"\n[dhcp]\nmode = "off"\n';

it('settings are read by their exact name from the root, and from user-data of the volume CIDATA alone', async () => {
  const stick = temporaryDirectory();
  writeFileSync(join(stick, 'user-data'), good);
  writeFileSync(join(stick, 'meta-data'), 'instance-id: x\n');
  expect(await readStick(stick, false)).toEqual({});
  expect(await readStick(stick, true)).toEqual({ toml: good });
  mkdirSync(join(stick, 'gatehouse'));
  writeFileSync(join(stick, 'gatehouse/gatehouse.toml'), good);
  writeFileSync(join(stick, 'Gatehouse.toml'), good);
  writeFileSync(join(stick, 'gatehouse.toml~'), good);
  expect(await readStick(stick, false)).toEqual({});
  writeFileSync(join(stick, 'gatehouse.toml'), good);
  writeFileSync(join(stick, 'gatehouse.toml.sig'), 'x');
  expect(await readStick(stick, false)).toEqual({ toml: good, signature: 'x' });
});

const hostile: [string, (file: string) => void, RegExp][] = [
  ['a link to a secret', (file) => symlinkSync('/etc/shadow', file), /can't be read|no plain file/],
  ['a link to itself', (file) => symlinkSync(file, file), /can't be read|no plain file/],
  ['a pipe', (file) => void execFileSync('mkfifo', [file]), /no plain file/],
  ['a folder', (file) => mkdirSync(file), /no plain file|can't be read/],
  [
    'a file of a terabyte',
    (file) => {
      writeFileSync(file, '');
      truncateSync(file, 2 ** 40);
    },
    /more than 262144 bytes/,
  ],
  ['a file one byte too long', (file) => writeFileSync(file, '#'.repeat(262_145)), /more than 262144 bytes/],
];

it.each(hostile)('%s for settings is refused', async (_title, make, words) => {
  for (const name of ['gatehouse.toml', 'gatehouse.toml.sig', 'gatehouse-reset']) {
    const stick = temporaryDirectory();
    make(join(stick, name));
    await expect(readStick(stick, false)).rejects.toThrow(words);
  }
});

it.each([
  ['UTF-16, as an old editor of Windows writes it', Buffer.from(`\ufeff${good}`, 'utf16le')],
  ['Latin-1, with an umlaut', Buffer.from(good.replace('[dhcp]', 'name = "B\u00fcro"\n[dhcp]'), 'latin1')],
  ['with a zero in it', Buffer.from(`${good}\0`)],
])('settings in %s are refused with what to do', async (_title, bytes) => {
  const stick = temporaryDirectory();
  writeFileSync(join(stick, 'gatehouse.toml'), bytes);
  await expect(readStick(stick, false)).rejects.toThrow(
    'gatehouse.toml is no text in UTF-8: save it as that',
  );
  writeFileSync(join(stick, 'user-data'), bytes);
  await expect(readStick(stick, true)).rejects.toThrow('UTF-8');
});

it('ten thousand other files, and names that mean something elsewhere, are not looked at', async () => {
  const stick = temporaryDirectory();
  for (let at = 0; at < 10_000; at += 1) writeFileSync(join(stick, `${at}.toml`), '');
  for (const name of ['autorun.inf', 'gatehouse.toml.exe', '-rf', '$(reboot)', 'gatehouse.toml\n'])
    writeFileSync(join(stick, name), good);
  symlinkSync('/', join(stick, 'root'));
  expect(await readStick(stick, false)).toEqual({});
});

/** A box with these settings, and a stick of which this was read. */
function openBox(settings: string) {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  const state = join(directory, 'state');
  writeFileSync(configFile, settings.replace('[dhcp]', `state_directory = "${state}"\n[dhcp]`));
  const spoken = join(directory, 'spoken');
  const needs = () => ({
    ...openWorld('silent'),
    config: readConfig(configFile),
    configFile,
    spoken,
    signal: new AbortController().signal,
  });
  const judge = async () => {
    for (const waiting of takeOffered(state)) {
      const handler = handlerFor(waiting, needs());
      if (handler === undefined) continue;
      await carryOutCommand(needs(), handler, {
        kind: 'settings.offered',
        words: {},
        onTold: () => undefined,
      });
    }
    return readOutcomes(state, 'settings.', 10);
  };
  return { state, configFile, spoken, judge, settings: () => readFileSync(configFile, 'utf8') };
}

it('a stick of another site changes nothing, and is told on page and screen', async () => {
  const box = openBox('[site]\naddress = "10.20.0.1"\n[dhcp]\nmode = "off"\n');
  const before = box.settings();
  keepOffered(box.state, { from: 'sdb1', offered: { toml: good.replace('10.20.0.1', '10.99.0.1') } });
  expect(await box.judge()).toMatchObject([
    { state: 'refused', words: expect.stringMatching(/^sdb1: this box is configured/) as string },
  ]);
  expect(box.settings()).toBe(before);
  expect(readFileSync(box.spoken, 'utf8')).toMatch(/^sdb1: this box is configured/);
});

it('what was wrong with the stick itself is told too, once', async () => {
  const box = openBox('[site]\naddress = "127.0.0.1"\n[dhcp]\nmode = "off"\n');
  keepOffered(box.state, { from: 'sdb1', refused: 'gatehouse.toml is no plain file' });
  expect(await box.judge()).toHaveLength(1);
  expect(await box.judge()).toHaveLength(1);
});

it('wrong settings leave a new box as it is, with the line that is wrong', async () => {
  const box = openBox('[site]\naddress = "127.0.0.1"\n[dhcp]\nmode = "off"\n');
  const before = box.settings();
  keepOffered(box.state, {
    from: 'sr0',
    offered: { toml: '[site]\naddress = "10.20.0.1"\n[dhcp]\nmode = "of"\n' },
  });
  expect(await box.judge()).toMatchObject([
    { state: 'refused', words: expect.stringMatching(/^sr0: line 4: dhcp\.mode/) as string },
  ]);
  expect(box.settings()).toBe(before);
});

it('settings with twenty thousand mistakes are refused with the first ones', async () => {
  const box = openBox('[site]\naddress = "127.0.0.1"\n[dhcp]\nmode = "off"\n');
  keepOffered(box.state, { from: 'sdb1', offered: { toml: good + '[[box.card]]\n'.repeat(15_000) } });
  const [outcome] = await box.judge();
  expect(outcome?.state).toBe('refused');
  expect(outcome?.words?.split('\n').length).toBeLessThan(30);
  expect(outcome?.words).toMatch(/and \d+ more$/);
});

it('words of the stick are no orders to the terminal of the screen', async () => {
  const box = openBox('[site]\naddress = "127.0.0.1"\n[dhcp]\nmode = "off"\n');
  const refused = `user-data, "\u001B[2J\u202Egnp.exe\n": ${'x'.repeat(500)}`;
  keepOffered(box.state, { from: 'sdb1', refused });
  await box.judge();
  const spoken = readFileSync(box.spoken, 'utf8');
  expect(spoken).toMatch(/^sdb1: /);
  expect(spoken.trimEnd()).not.toMatch(/\p{C}/u);
  expect(spoken.length).toBeLessThanOrEqual(301);
});

it('a stick with nothing for us leaves no trace', async () => {
  const box = openBox('[site]\naddress = "127.0.0.1"\n[dhcp]\nmode = "off"\n');
  keepOffered(box.state, { from: 'sdb1', offered: {} });
  expect(existsSync(join(box.state, 'box/offered'))).toBe(false);
  expect(await box.judge()).toEqual([]);
  expect(readdirSync(box.state)).toEqual(['box']);
});

it('good settings make a new box one of its site', async () => {
  const box = openBox('[site]\naddress = "127.0.0.1"\n[dhcp]\nmode = "off"\n');
  const toml = good.replace('[dhcp]', `state_directory = "${box.state}"\n[dhcp]`);
  keepOffered(box.state, { from: 'sdb1', offered: { toml } });
  expect(await box.judge()).toMatchObject([
    { state: 'done', words: expect.stringMatching(/^sdb1: /) as string },
  ]);
  expect(box.settings()).toBe(toml);
});

it('what was cut while it was kept is refused once, and keeps no later stick away', () => {
  const state = temporaryDirectory();
  mkdirSync(join(state, 'box/offered'), { recursive: true });
  writeFileSync(join(state, 'box/offered/sda1.json'), '{"from":"sda1","off');
  writeFileSync(join(state, 'box/offered/sdb1.json'), '');
  keepOffered(state, { from: 'sdc1', offered: { toml: good } });
  const refused = expect.stringContaining('once more') as string;
  expect(takeOffered(state)).toEqual([
    { from: 'sda1', refused },
    { from: 'sdb1', refused },
    { from: 'sdc1', offered: { toml: good } },
  ]);
  expect(takeOffered(state)).toEqual([]);
});

it.skipIf(process.getuid?.() !== 0)('of what a full disk does not take nothing is left', () => {
  const disk = openSmallDisk(1);
  mkdirSync(join(disk.directory, 'box/offered'), { recursive: true });
  disk.fill();
  expect(() => keepOffered(disk.directory, { from: 'sdb1', offered: { toml: good } })).toThrow('ENOSPC');
  expect(takeOffered(disk.directory)).toEqual([]);
});
