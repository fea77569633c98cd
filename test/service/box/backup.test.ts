/** A box out through its page and back in: the page, the sealed file and the exchange are real, systemd is not. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { putBoxBack, takeBoxBackup } from '../../../appliance/box/backup.ts';
import { carryOutOrders } from '../../../appliance/box/carry-out.ts';
import { readConfig } from '../../../appliance/config.ts';
import { readLeases } from '../../../appliance/store/leases.ts';
import { readOutcome } from '../../../appliance/store/outcomes.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { startWeb } from '../../../appliance/web/server.ts';
import { openWorld, systemClock } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { newFirstPassword } from '../../support/page.ts';
import { openSite } from '../../support/site.ts';

const passphrase = 'a passphrase for backups';
const password = 'correct horse battery';
/** Half a second for each key from a passphrase, on a machine with nothing else to do. */
const slow = 120_000;

/** A box whose page was given its password, and who it has a lease for. */
async function openBox(settings = '') {
  const home = temporaryDirectory();
  const directory = join(home, 'state');
  mkdirSync(join(home, 'etc'));
  const configFile = join(home, 'etc/gatehouse.toml');
  writeFileSync(
    configFile,
    `[site]\naddress = "10.20.0.1"\nstate_directory = "${directory}"\n[provisioning]\ntemplates_directory = "${home}/etc/templates"\n[web]\nport = 0\n${settings}`,
  );
  const config = readConfig(configFile);
  const site = openSite(directory, systemClock);
  await site.lease('00:15:65:aa:00:01', '10.66.0.101');
  site[Symbol.dispose]();
  const world = openWorld('silent');
  const web = await startWeb(world, config);
  onTestFinished(async () => await web[Symbol.asyncDispose]());
  const url = `http://127.0.0.1:${web.address.port}`;
  const cookie = await newFirstPassword({ directory, port: web.address.port, password });
  const calls: string[] = [];
  const machine = { stop: async () => void calls.push('stop'), start: async () => void calls.push('start') };
  const handlers = {
    'backup.take': takeBoxBackup,
    'restore.put': async (...[words, box]: Parameters<typeof takeBoxBackup>) =>
      await putBoxBack(words, box, machine),
  };
  const needs = { ...world, config, configFile, signal: new AbortController().signal };
  const post = async (path: string, body: object | Buffer) =>
    await fetch(`${url}${path}`, {
      method: 'POST',
      headers: {
        cookie,
        'content-type': Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json',
      },
      body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body),
    });
  const order = async (path: string, body: object) => {
    const { order: id } = (await (await post(path, body)).json()) as { order: string };
    await carryOutOrders(needs, handlers);
    return readOutcome(directory, id);
  };
  const take = async (): Promise<Buffer> => {
    expect(await order('/api/backup', { passphrase })).toMatchObject({ state: 'done' });
    return Buffer.from(await (await fetch(`${url}/api/backup`, { headers: { cookie } })).arrayBuffer());
  };
  const upload = async (bytes: Buffer, size = 100_000) => {
    for (let offset = 0; offset < bytes.length; offset += size) {
      const piece = bytes.subarray(offset, offset + size);
      expect((await post(`/api/restore/upload?offset=${offset}`, piece)).status).toBe(200);
    }
  };
  return { home, directory, configFile, url, cookie, calls, post, order, take, upload };
}

function leases(directory: string): number {
  using reader = openReader(directory, 'dhcp');
  return reader === undefined ? 0 : readLeases(reader.db).length;
}

it(
  'what the page saves makes the box what it was, and what came of it is known after',
  async () => {
    const box = await openBox();
    const backup = await box.take();
    expect(backup.includes('00:15:65:aa:00:01')).toBe(false);
    const site = openSite(box.directory, systemClock);
    await site.lease('00:15:65:aa:00:02', '10.66.0.102');
    site[Symbol.dispose]();
    await box.upload(backup);
    expect(leases(box.directory)).toBe(2);
    expect(await box.order('/api/restore', { passphrase, password })).toMatchObject({ state: 'done' });
    expect([leases(box.directory), box.calls]).toEqual([1, ['stop', 'start']]);
  },
  slow,
);

it(
  'a wrong passphrase, and a file that was changed or cut, leave the box as it is, and running',
  async () => {
    const box = await openBox();
    const backup = await box.take();
    const changed = Buffer.from(backup);
    changed[changed.length - 5] = (changed.at(-5) ?? 0) ^ 1;
    for (const [bytes, words] of [
      [backup, 'another passphrase'],
      [changed, passphrase],
      [backup.subarray(0, -100), passphrase],
      [Buffer.from('GIF89a'), passphrase],
    ] as const) {
      await box.upload(bytes);
      expect(await box.order('/api/restore', { passphrase: words, password })).toMatchObject({
        state: 'refused',
      });
    }
    expect([box.calls, leases(box.directory)]).toEqual([[], 1]);
  },
  slow,
);

it(
  'a backup that would write elsewhere is refused, and the box goes on',
  async () => {
    const elsewhere = join(temporaryDirectory(), 'token');
    writeFileSync(elsewhere, 'a token of somebody');
    const box = await openBox(`[cloud]\nurl = "https://journal.example.com/"\ntoken_file = "${elsewhere}"\n`);
    const backup = await box.take();
    writeFileSync(elsewhere, 'unchanged');
    await box.upload(backup);
    expect(await box.order('/api/restore', { passphrase, password })).toMatchObject({
      state: 'refused',
      words: expect.stringContaining(elsewhere) as string,
    });
    expect([readFileSync(elsewhere, 'utf8'), box.calls]).toEqual(['unchanged', []]);
  },
  slow,
);

it(
  'nobody without a session gets or brings a backup, nor puts one back without the password',
  async () => {
    const box = await openBox();
    await box.take();
    expect((await fetch(`${box.url}/api/backup`)).status).toBe(401);
    const piece = { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body: 'x' };
    expect((await fetch(`${box.url}/api/restore/upload?offset=0`, piece)).status).toBe(401);
    expect((await box.post('/api/restore', { passphrase, password })).status).toBe(409);
    await box.upload(Buffer.from('x'));
    expect((await box.post('/api/restore', { passphrase, password: 'a guess of it' })).status).toBe(403);
  },
  slow,
);

it(
  'pieces that do not fit together, are too large or of another type are refused',
  async () => {
    const box = await openBox();
    await box.upload(Buffer.alloc(10));
    expect((await box.post('/api/restore/upload?offset=11', Buffer.alloc(1))).status).toBe(409);
    expect((await box.post('/api/restore/upload?offset=0', Buffer.alloc(5 * 2 ** 20))).status).toBe(413);
    expect((await box.post(`/api/restore/upload?offset=${2 ** 32}`, Buffer.alloc(1))).status).toBe(413);
    expect((await box.post('/api/restore/upload?offset=0', { a: 1 })).status).toBe(400);
  },
  slow,
);
