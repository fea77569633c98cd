/** Secure Boot with our own keys: the firmware of a virtual machine takes them at the first boot, and starts nothing else from then on. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import { openLab, type Lab } from '../../support/namespaces.ts';
import { newDisk, powerOn, type EmulatedMachine, type MachineOptions } from '../machine.ts';
import { machineDirectory } from '../network.ts';
import { openImageSite } from '../site.ts';
import { withTpm } from './tpm.ts';

/** With a firmware that checks signatures, and the restart after it took the keys. */
const bootMs = 400_000;

let lab: Lab;
let box: MachineOptions;
let chip: string;

beforeAll(async () => {
  lab = openLab();
  const { options } = await openImageSite(lab);
  box = { ...options, isSecureBoot: true };
  chip = join(lab.directory, 'chip');
}, 60_000);

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

const read = async (machine: EmulatedMachine, script: string) => (await machine.shell(script, bootMs)).trim();

const secureBoot =
  'od -An -tu1 -j4 -N1 /sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';
const data = 'sed -n "1p;4p" /run/gatehouse-data';

it(
  'a virtual machine without keys takes ours, starts the image by them, and its TPM remembers that',
  { timeout: bootMs },
  async () => {
    await using machine = powerOn(await withTpm(box, chip));
    expect(await read(machine, secureBoot)).toBe('1');
    expect(await read(machine, data)).toBe('ok\nencrypted');
    await machine.powerOff();
  },
);

it('with its keys taken away, the TPM keeps what it sealed', { timeout: bootMs }, async () => {
  const directory = machineDirectory(lab, 'without-keys');
  const options = { ...box, directory, isSecureBoot: false };
  await using machine = powerOn(await withTpm(options, chip));
  expect(await read(machine, data)).toBe('sealed\nencrypted');
  await machine.powerOff();
});

it.each([
  ['tampered with', 'printf X | dd of=$uki bs=1 seek=$(($(stat -c %s $uki) / 2)) conv=notrunc status=none'],
  // The entry of the signatures in the table of the file's parts: 168 bytes into the PE header.
  [
    'stripped of its signature',
    'pe=$(od -An -tu4 -j60 -N4 $uki); head -c 8 /dev/zero | dd of=$uki bs=1 seek=$((pe + 168)) conv=notrunc status=none',
  ],
])('an image that was %s is not started', { timeout: 2 * bootMs }, async (how, change) => {
  const disk = await newDisk(box.disk, join(lab.directory, `${how.replaceAll(' ', '-')}.qcow2`), '');
  {
    await using machine = powerOn(await withTpm({ ...box, disk }, chip));
    const uki =
      'mkdir /run/esp; mount /dev/disk/by-partlabel/esp /run/esp; uki=$(echo /run/esp/EFI/Linux/*.efi)';
    await read(machine, `${uki}; ${change}; umount /run/esp`);
    await machine.powerOff();
  }
  await using machine = powerOn(await withTpm({ ...box, disk }, chip));
  const sinceThen = () => machine.console().split(' power on\n').at(-1) ?? '';
  const refused = () => /(?:access denied|security violation).*/i.exec(sinceThen())?.[0];
  await until('the refusal', refused, {
    timeoutMs: bootMs,
    hopeless: machine.hasEnded,
    lastSeen: () => sinceThen().slice(-2000),
  });
  expect(sinceThen()).not.toMatch(/Gatehouse \d/);
});
