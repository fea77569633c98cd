/** What is on the disk of a box with a TPM and of one without, and what another machine makes of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import { openLab, type Lab } from '../../support/namespaces.ts';
import { imageFile } from '../image-file.ts';
import { newDisk, powerOn, type EmulatedMachine, type MachineOptions } from '../machine.ts';
import { machineDirectory } from '../network.ts';
import { openImageSite, pageUrl, type ImageSite } from '../site.ts';
import { withTpm } from './tpm.ts';

const bootMs = 240_000;
/** Written into a file on the data partition. */
const secret = 'account of the phone on the third floor';
const writeSecret = `echo '${secret}' >/var/lib/secret; sync`;
/** How LUKS2 begins, and how its second header does. */
const luks2 = ['4c554b53babe0002', '534b554cbabe0002'].map((hex) => Buffer.from(hex, 'hex'));

let lab: Lab;
let site: ImageSite;
/** The box with a TPM. */
let box: MachineOptions;
let itsTpm: string;
/** The box without one. */
let plain: MachineOptions;

beforeAll(async () => {
  lab = openLab();
  site = await openImageSite(lab);
  box = site.options;
  itsTpm = join(lab.directory, 'chip-of-the-box');
  const directory = machineDirectory(lab, 'plain');
  plain = { ...box, directory, disk: await newDisk(imageFile(), join(directory, 'disk.qcow2')) };
}, 60_000);

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** What the boot wrote down: state, device, what was seen, protection. */
async function found(machine: EmulatedMachine): Promise<string[]> {
  const ask = 'until [ -e /run/gatehouse-data ]; do sleep 0.5; done; cat /run/gatehouse-data';
  return (await machine.shell(ask, bootMs)).split('\n').slice(0, 4);
}

/** What of the disk reaches whoever takes it. */
const onDisk = ({ disk }: MachineOptions) => {
  const bytes = readFileSync(disk);
  return { isEncrypted: luks2.some((magic) => bytes.includes(magic)), hasSecret: bytes.includes(secret) };
};

it('with a TPM, the first boot makes an encrypted data partition', { timeout: bootMs }, async () => {
  await using machine = powerOn(await withTpm(box, itsTpm));
  expect(await found(machine)).toEqual(['ok', '/dev/mapper/gatehouse-data', '', 'encrypted']);
  await machine.shell(writeSecret);
  await machine.powerOff();
  expect(onDisk(box)).toEqual({ isEncrypted: true, hasSecret: false });
});

it(
  'the TPM opens it at the next boot, and not again for who gets into the running system',
  { timeout: bootMs },
  async () => {
    await using machine = powerOn(await withTpm(box, itsTpm));
    expect(await found(machine)).toEqual(['ok', '/dev/mapper/gatehouse-data', '', 'encrypted']);
    expect(await machine.shell('cat /var/lib/secret')).toBe(`${secret}\n`);
    const again =
      'systemd-cryptenroll --unlock-tpm2-device=auto --recovery-key /dev/disk/by-partlabel/var && echo opened || true';
    const said = await machine.shell(again);
    // By its policy, or because nothing that was signed is about this phase of the boot.
    expect(said).toMatch(/policy|Failed to unseal secret/i);
    expect(said).not.toContain('opened');
    await machine.powerOff();
  },
);

it(
  'in a machine with another TPM it stays locked, and page, status and screen say so',
  { timeout: 2 * bootMs },
  async () => {
    const options = await withTpm(box, join(lab.directory, 'another-chip'));
    await using machine = powerOn(options);
    const [state, , said, protection] = await found(machine);
    expect({ state, said, protection }).toEqual({
      state: 'sealed',
      said: 'it is encrypted, and the TPM of this machine has no key for it',
      protection: 'encrypted',
    });
    const ask = ['curl', '-sfk', '--max-time', '10', pageUrl];
    const waiting = {
      timeoutMs: bootMs,
      hopeless: machine.hasEnded,
      lastSeen: () => machine.console().slice(-2000),
    };
    await until('the page', async () => await site.beyond.exec(ask), waiting);
    expect(await machine.shell('gatehouse status || true')).toContain(
      'The data disk is locked (it is encrypted, and the TPM of this machine has no key for it)',
    );
    await until('the words on the screen', () => machine.console().includes('SEALED') || undefined, waiting);
    await machine.powerOff();
  },
);

it('in a machine without a TPM it stays locked, until it is made anew', { timeout: 2 * bootMs }, async () => {
  {
    await using machine = powerOn({ ...box, hardware: ['-no-reboot'] });
    const [state, , said] = await found(machine);
    expect({ state, said }).toEqual({
      state: 'sealed',
      said: 'it is encrypted, and this machine has no TPM',
    });
    await machine.shell('systemctl --no-block start gatehouse-data-anew');
    await until('the restart', machine.hasEnded, { timeoutMs: 120_000 });
  }
  await using machine = powerOn(box);
  const [state, , , protection] = await found(machine);
  expect({ state, protection }).toEqual({ state: 'ok', protection: 'plain: this machine has no TPM' });
  expect(await machine.shell('ls /var/lib')).not.toContain('secret');
  await machine.powerOff();
  // Nothing is left of its header and key slots either.
  expect(onDisk(box)).toEqual({ isEncrypted: false, hasSecret: false });
});

it('without a TPM it is not encrypted: the disk can be read', { timeout: bootMs }, async () => {
  await using machine = powerOn(plain);
  const [state, , , protection] = await found(machine);
  expect({ state, protection }).toEqual({ state: 'ok', protection: 'plain: this machine has no TPM' });
  await machine.shell(writeSecret);
  await machine.powerOff();
  expect(onDisk(plain)).toEqual({ isEncrypted: false, hasSecret: true });
});

it('one that was made without a TPM stays as it is when there is one', { timeout: bootMs }, async () => {
  await using machine = powerOn(await withTpm(plain, join(lab.directory, 'late-chip')));
  const [state, , , protection] = await found(machine);
  expect({ state, protection }).toEqual({ state: 'ok', protection: 'plain: it was made without a TPM' });
  expect(await machine.shell('cat /var/lib/secret')).toBe(`${secret}\n`);
  await machine.powerOff();
});
