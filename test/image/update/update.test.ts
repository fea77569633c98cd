/** A box is updated from a stick, refuses what it must, and goes back to the former release on the newer data. */
import { readFileSync, readdirSync, writeFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { saveFigures } from '../figures.ts';
import type { EmulatedMachine } from '../machine.ts';
import {
  bootMs,
  kernels,
  openUpdateSite,
  proved,
  switchOn,
  updateState,
  waitFor,
  type UpdateSite,
  withSqlite,
} from './box.ts';
import { announceIn, newer, older, releases } from './releases.ts';
import { makeStick, pluggedIn } from '../stick.ts';

let site: UpdateSite;
let machine: EmulatedMachine;

/** What must be the same before and after: who the box is, its settings, and a phone's lease. */
const identity =
  'cat /etc/machine-id /etc/gatehouse/gatehouse.toml; sha256sum /var/lib/gatehouse/authority/1/ca.key; gatehouse leases --json | grep -o "10.66.0.1[0-9][0-9]" | head -n 1';

beforeAll(async () => {
  const made = releases();
  site = await openUpdateSite(made.image);
  const folder = (name: string) => join(site.lab.directory, name);
  const good = await announceIn(folder('good'), made, newer);
  const former = await announceIn(folder('former'), made, older);
  const tampered = join(folder('tampered'), basename(good));
  mkdirSync(folder('tampered'));
  writeFileSync(tampered, readFileSync(good, 'utf8').replace('0.1.1', '0.1.9'));
  const payload = (version: string) =>
    readdirSync(made.payload(version))
      .filter((name) => !name.endsWith('.release'))
      .map((name) => join(made.payload(version), name));
  const stick = makeStick(folder('stick'), {
    '': [good, ...payload(newer)],
    former: [former, ...payload(older)],
    tampered: [tampered],
  });
  machine = switchOn(site, { hardware: pluggedIn(stick), memoryMegabytes: 1536 });
}, 120_000);

afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

it(
  'a release on a stick that is plugged in lies ready, and nothing else happens',
  { timeout: bootMs * 2 },
  async () => {
    await proved(machine, older);
    saveFigures({ 'update: power to a proved first boot, s': machine.age() / 1000 });
    const { staged } = await waitFor(machine, 'the release to lie ready', {
      holds: (state) => state.staged !== undefined,
    });
    expect(staged).toMatchObject({ version: newer, source: 'stick' });
    expect((await updateState(machine)).version).toBe(older);
    expect(await kernels(machine)).toEqual([`gatehouse_${older}.efi`]);
  },
);

it('what was tampered with is refused with words', { timeout: 300_000 }, async () => {
  await machine.shell('mkdir -p /run/stick; mount -o ro LABEL=STICK /run/stick');
  const stage = async (folder: string) =>
    await machine.shell(`gatehouse update stage /run/stick/${folder} || true`, 120_000);
  expect(await stage('tampered')).toContain('does not fit: it was changed');
  // What lies ready is given up for nothing that is not whole.
  expect((await updateState(machine)).staged?.version).toBe(newer);
  expect(await stage('former')).toContain(`${older} is what runs`);
});

it(
  'the update is installed, the new release proves itself, and all data is there',
  { timeout: bootMs * 2 },
  async () => {
    await site.phone.exec(['udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', '/bin/true', '-V', 'yealink']);
    const before = await machine.shell(identity);
    const begin = Date.now();
    expect(await machine.shell('gatehouse update apply --now', 200_000)).toContain(`restarts into ${newer}`);
    saveFigures({ 'update: check and install, s': (Date.now() - begin) / 1000 });
    machine.forgetShell();
    await proved(machine, newer);
    saveFigures({ 'update: order to proved new release, s': (Date.now() - begin) / 1000 });
    expect(await updateState(machine)).toMatchObject({
      version: newer,
      last: { from: older, to: newer, outcome: 'good' },
    });
    expect(await machine.shell(identity)).toBe(before);
    expect(await kernels(machine)).toEqual([`gatehouse_${older}.efi`, `gatehouse_${newer}.efi`]);
  },
);

it(
  'the former release is refused, unless forced, and then runs on data that a newer one has migrated',
  { timeout: bootMs * 3 },
  async () => {
    // As a migration of a later release leaves a file that has only gained something.
    const migrate = `
    const db = new Database('/var/lib/gatehouse/dhcp/dhcp.db', { timeout: 5000 });
    db.exec('ALTER TABLE lease ADD COLUMN future TEXT; CREATE TABLE future (id INTEGER PRIMARY KEY) STRICT');
    db.pragma('user_version = ' + (db.pragma('user_version', { simple: true }) + 1));`;
    await withSqlite(machine, migrate);
    await machine.shell('mkdir -p /run/stick; mount -o ro LABEL=STICK /run/stick');
    const stage = async (more: string) =>
      await machine.shell(`gatehouse update stage /run/stick/former ${more} || true`, 200_000);
    expect(await stage('')).toContain(`is older than ${newer}`);
    expect(await stage('--force')).toContain(`${older} lies ready`);
    const before = await machine.shell(identity);
    expect(await machine.shell('gatehouse update apply --now', 200_000)).toContain(`restarts into ${older}`);
    machine.forgetShell();
    await proved(machine, older);
    expect(await updateState(machine)).toMatchObject({
      version: older,
      last: { from: newer, to: older, outcome: 'good' },
    });
    expect(await kernels(machine)).toEqual([`gatehouse_${older}.efi`, `gatehouse_${newer}+0-1.efi`]);
    expect(await machine.shell(identity)).toBe(before);
    expect(await machine.shell('systemctl is-active gatehouse@dhcp')).toBe('active\n');
  },
);
