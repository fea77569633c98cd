/** The units that repair the data partition or have it made anew, with the few rights that they have, on a disk that is a file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, until } from '../support/command.ts';
import { openLab, type Lab } from '../support/namespaces.ts';
import { bootMachine, type Machine } from '../support/systemd-machine.ts';

const overlay = join(import.meta.dirname, '../../image/root');
const ofImage = [
  '/usr/lib/gatehouse/image/repair-data',
  '/usr/lib/systemd/system/gatehouse-data-repair.service',
  '/usr/lib/systemd/system/gatehouse-data-anew.service',
];

/** In the place of systemd's own: the machine goes on, and it is seen that it was to restart. */
const noted =
  '[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo restart >>/run/restarts"\n';
const restart = '[Unit]\nDefaultDependencies=no\nRequires=noted.service\nAfter=noted.service\n';

let lab: Lab;
let machine: Machine;

beforeAll(async () => {
  lab = openLab();
  const box = await lab.namespace('box');
  const built = await run(['npm', 'run', '--silent', 'deb', '--', lab.directory], { timeoutMs: 120_000 });
  machine = await bootMachine({
    lab,
    namespace: box,
    package: built.trim(),
    files: {
      ...Object.fromEntries(ofImage.map((path) => [path, readFileSync(join(overlay, path), 'utf8')])),
      '/etc/systemd/system/noted.service': noted,
      '/etc/systemd/system/reboot.target': restart,
    },
    prepare: ['chmod 0755 /usr/lib/gatehouse/image/repair-data'],
  });
});

afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

/** A file system with one file in it, then what is done to it; and what the initrd says of it. */
async function disk(state: string, damage: string): Promise<void> {
  await machine.shell(`mkdir -p /srv/full; echo leases >/srv/full/kept; rm -f /srv/disk /run/restarts
    truncate -s 64M /srv/disk; mkfs.ext4 -q -d /srv/full /srv/disk
    ${damage}
    printf '%s\\n' ${state} /srv/disk 'seen by e2fsck' plain >/run/gatehouse-data`);
}

const start = async (unit: string) =>
  await machine.shell(`systemctl start gatehouse-data-${unit} 2>&1 || true`);
const restarted = async () =>
  await until('the restart', async () => (await machine.shell('cat /run/restarts')) || undefined, {
    timeoutMs: 20_000,
    everyMs: 200,
  });

const withoutSuperblock = 'dd if=/dev/zero of=/srv/disk bs=4k count=1 conv=notrunc status=none';

it('a file system whose superblock is gone is repaired, and the box restarts', async () => {
  await disk('broken', withoutSuperblock);
  await start('repair');
  await restarted();
  expect(await machine.shell('e2fsck -fn /srv/disk >/dev/null && debugfs -R "cat kept" /srv/disk')).toBe(
    'leases\n',
  );
});

it('one that is beyond repair is told, and the box goes on', async () => {
  await disk('broken', 'dd if=/dev/urandom of=/srv/disk bs=1M count=64 conv=notrunc status=none');
  await start('repair');
  const [state, device, said, kind] = (await machine.shell('cat /run/gatehouse-data')).split('\n');
  expect([state, device, kind]).toEqual(['broken', '/srv/disk', 'plain']);
  expect(said).toMatch(/^repair did not help: /);
  expect(await machine.shell('cat /run/restarts 2>/dev/null || true')).toBe('');
});

it('one that is to be made anew carries the mark for the initrd, and the keys of an encrypted one are gone', async () => {
  await disk('sealed', 'printf keys | dd of=/srv/disk bs=4096 seek=8 conv=notrunc status=none');
  await start('anew');
  await restarted();
  expect(await machine.shell('head -c 15 /srv/disk')).toBe('gatehouse: anew');
  expect(await machine.shell('dd if=/srv/disk bs=4096 skip=8 count=1 status=none | tr -d "\\0"')).toBe('');
});

it('one that is in use is not repaired', async () => {
  await disk('ok', 'true');
  await start('repair');
  expect(await machine.shell('cat /run/restarts 2>/dev/null || true')).toBe('');
  expect(await machine.shell('systemctl is-failed gatehouse-data-repair || true')).toBe('failed\n');
});
