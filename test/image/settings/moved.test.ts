/**
 * A box that is backed up, given up, set up anew by its page, and moved to new hardware; as a phone, the page and the screen show it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import { imageFile } from '../image-file.ts';
import { newDisk } from '../machine.ts';
import { monitored, openMonitor } from '../monitor.ts';
import { machineDirectory } from '../network.ts';
import { pageUrl, phonesAddress, settings } from '../site.ts';
import { pluggedIn } from '../stick.ts';
import {
  administrator,
  askForLease,
  authority,
  bootMs,
  fileIn,
  hasNoLease,
  isThroughWithSticks,
  machineOf,
  newBoxAddress,
  newBoxUrl,
  onScreen,
  openAround,
  pageAnswers,
  password,
  setUp,
  turnOn,
  waiting,
  type Around,
} from './around.ts';
import { stickWith } from './offers.ts';

const passphrase = 'a passphrase for backups';
const siteName = 'Haus am See 4711';
/** Of the new hardware, until it is the former box. */
const itsOwn = 'a password of its own';

let around: Around;
/** What a phone knows of the first box. */
let served: { readonly ip: string; readonly authority: string };
let backup: string;

/** Turns on a box with a stick in it. */
async function turnOnWith(toml: string, more: Parameters<typeof turnOn>[1] = {}): Promise<void> {
  const { directory = around.box.directory } = more;
  const stick = stickWith(join(directory, 'first.stick'), { 'gatehouse.toml': toml });
  await turnOn(around, { ...more, hardware: [...pluggedIn(stick), ...monitored(directory)] });
}

async function pullOutStick(): Promise<void> {
  await isThroughWithSticks(around);
  using monitor = await openMonitor(around.box.directory);
  await monitor.pullOut('stick');
}

beforeAll(async () => {
  around = await openAround();
  await turnOnWith(settings.replace('[site]\n', `[site]\nname = "${siteName}"\n`));
}, 60_000);

afterAll(async () => await around?.[Symbol.asyncDispose]());

it('a new box takes its settings from a stick, and serves a phone by them', { timeout: bootMs }, async () => {
  const { ip } = await askForLease(around);
  expect(ip).toMatch(/^10\.66\.\d\.\d+$/);
  served = { ip, authority: (await authority(around)).fingerprint256 };
  await pullOutStick();
});

it('the page gives out a backup of all of it, which tells nobody anything', { timeout: bootMs }, async () => {
  const admin = administrator(around, pageUrl, 'admin');
  await pageAnswers(around, admin);
  await setUp(around, admin);
  expect(await admin.order('/api/backup', { passphrase })).toMatchObject({ state: 'done' });
  backup = fileIn(around, 'box.backup');
  await admin.download('/api/backup', backup);
  const bytes = readFileSync(backup);
  expect(bytes.length).toBeGreaterThan(10_000);
  expect(['PRIVATE KEY', siteName, '805ec0000001'].filter((text) => bytes.includes(text))).toEqual([]);
});

it(
  'after a factory reset by the page it is a new box: no settings, no lease, no password, and nothing of it on the disk',
  { timeout: 2 * bootMs },
  async () => {
    const admin = administrator(around, pageUrl, 'admin');
    // What would be found on the disk.
    const key = (await machineOf(around).shell('sed -n 2p /var/lib/gatehouse/authority/1/ca.key')).trim();
    const machineId = await onScreen(around, 'Machine id');
    const onDisk = async () => {
      await machineOf(around).shell('sync');
      const disk = readFileSync(around.box.disk);
      return [key, siteName, machineId].filter((text) => disk.includes(text));
    };
    expect(await onDisk()).toEqual([key, siteName, machineId]);
    expect((await admin.post('/api/reset', { password: 'a guessed password' })).status).toBe(403);
    const from = machineOf(around).console().length;
    expect((await admin.post('/api/reset', { password })).status).toBe(200);
    machineOf(around).forgetShell();
    const anew = administrator(around, newBoxUrl, 'anew');
    expect(await pageAnswers(around, anew)).toMatchObject({ hasSettings: false, wants: 'set-up' });
    expect((await anew.post('/api/sign-in', { password })).status).not.toBe(200);
    expect(await hasNoLease(around)).toBe(true);
    expect(await onScreen(around, 'Machine id', from)).not.toBe(machineId);
    await setUp(around, anew, { from });
    expect(await onDisk()).toEqual([]);
  },
);

/** As the page's form sends them. */
const form = {
  name: 'Neues Haus',
  region: 'emea',
  timeZone: 'Europe/Berlin',
  posture: 'full',
  card: 'enp0s3',
  address: phonesAddress,
  addresses: 'server',
  subnet: '10.66.0.0/16',
  first: '10.66.1.0',
  last: '10.66.9.255',
};
/** The cards are mixed up, and the page goes where nobody is. */
const mixedUp = {
  ...form,
  card: 'enp0s4',
  address: '10.99.0.1',
  subnet: '10.99.0.0/24',
  first: '10.99.0.100',
  last: '10.99.0.150',
};

it(
  'settings by the page that cut the administrator off take themselves back',
  { timeout: bootMs },
  async () => {
    const admin = administrator(around, newBoxUrl, 'anew');
    expect(await admin.post('/api/settings/first', mixedUp)).toMatchObject({ status: 200 });
    const isAway = async () => (await admin.get('/healthz')).status === 0 || undefined;
    await until('the page to be away', isAway, waiting(around));
    expect(await pageAnswers(around, admin)).toMatchObject({ hasSettings: false, signedIn: true });
    const isOver = async () => {
      const [outcome] = await admin.outcomes();
      return outcome?.state === 'running' ? undefined : outcome;
    };
    expect(await until('the outcome', isOver, waiting(around))).toMatchObject({
      kind: 'settings.write',
      state: 'failed',
      words: expect.stringContaining('Nobody confirmed it'),
    });
    expect(await hasNoLease(around)).toBe(true);
  },
);

it(
  'those that the administrator confirms stay, and make the box another one to phones',
  { timeout: bootMs },
  async () => {
    const admin = administrator(around, newBoxUrl, 'anew');
    const good = { ...form, pageAddress: newBoxAddress };
    expect(await admin.post('/api/settings/first', good)).toMatchObject({ status: 200 });
    const isPending = async () =>
      (await admin.get('/api/network')).body['pendingUntil'] === undefined ? undefined : true;
    await until('the change', isPending, waiting(around));
    const isConfirmed = async () => {
      await admin.order('/api/network/confirm', {});
      const { status, body } = await admin.get('/api/network');
      return (status === 200 && body['pendingUntil'] === undefined) || undefined;
    };
    await until('the confirmation', isConfirmed, waiting(around));
    expect((await askForLease(around)).ip).toMatch(/^10\.66\.\d\.\d+$/);
    expect((await authority(around)).fingerprint256).not.toBe(served.authority);
    await machineOf(around).powerOff();
  },
);

it(
  'new hardware takes its settings from a stick also when those in its SMBIOS are no good',
  { timeout: bootMs },
  async () => {
    const directory = machineDirectory(around.lab, 'new-hardware');
    await turnOnWith(settings, {
      directory,
      disk: await newDisk(imageFile(), join(directory, 'disk.qcow2')),
      cards: around.box.cards.map(({ tap }, at) => ({ tap, mac: `52:54:00:11:22:0${at}` })),
      credentials: { 'gatehouse.toml': settings.replace('mode = "server"', 'mode = "sever"') },
    });
    expect((await askForLease(around)).ip).toMatch(/^10\.66\.\d\.\d+$/);
    expect((await authority(around)).fingerprint256).not.toBe(served.authority);
    await pullOutStick();
  },
);

it(
  'a backup makes it the former box: its authority, the phone’s address, its settings and its password',
  { timeout: 2 * bootMs },
  async () => {
    const admin = administrator(around, pageUrl, 'new-hardware');
    await pageAnswers(around, admin);
    await setUp(around, admin, { secret: itsOwn });
    await admin.upload('/api/restore/upload', backup);
    const wrong = { passphrase: 'another passphrase', password: itsOwn };
    expect(await admin.order('/api/restore', wrong)).toMatchObject({ state: 'refused' });
    await admin.upload('/api/restore/upload', backup);
    expect(await admin.post('/api/restore', { passphrase, password: itsOwn })).toMatchObject({
      status: 200,
    });
    const isFormer = async () => (await authority(around)).fingerprint256 === served.authority || undefined;
    await until('the former authority', isFormer, waiting(around));
    expect((await askForLease(around)).ip).toBe(served.ip);
    // A phone that trusts the former box alone goes on.
    const trusted = fileIn(around, 'trusted.pem');
    writeFileSync(trusted, (await authority(around)).toString());
    const ask = ['curl', '-s', '--max-time', '30', '--cacert', trusted, '-o', '/dev/null'];
    await around.site.phone.exec([...ask, `https://${phonesAddress}/805ec0000001.cfg`], {
      timeoutMs: 40_000,
    });
    const former = administrator(around, pageUrl, 'former');
    await pageAnswers(around, former);
    expect((await former.post('/api/sign-in', { password })).status).toBe(200);
    expect((await former.get('/api/access')).body).toMatchObject({ signedIn: true, site: siteName });
  },
);

it(
  'somebody who types at its screen what that asks for makes it a new one',
  { timeout: 2 * bootMs },
  async () => {
    const machineId = await onScreen(around, 'Machine id');
    const { length: from } = machineOf(around).console();
    machineOf(around).type(`reset ${machineId.slice(0, 8)}\n`);
    machineOf(around).forgetShell();
    const isNew = async () => (await onScreen(around, 'Machine id', from)) !== machineId || undefined;
    await until('another machine id on the screen', isNew, waiting(around));
    expect(await onScreen(around, 'Set-up code', from)).toMatch(/^\S+$/);
    expect(await hasNoLease(around)).toBe(true);
    await machineOf(around).powerOff();
  },
);
