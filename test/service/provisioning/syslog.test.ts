/** Syslog of phones on loopback, each phone at an address of its own. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { newCounters } from '../../../appliance/provisioning/context.ts';
import { openLeaseView } from '../../../appliance/provisioning/lease-view.ts';
import { startSyslog } from '../../../appliance/provisioning/syslog.ts';
import { openPhoneSyslog, readPhoneSyslog } from '../../../appliance/store/phone-syslog.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { openTelemetryFile } from '../../../appliance/store/telemetry.ts';
import { until } from '../../support/command.ts';
import { sendFixture } from '../../support/phone-http.ts';
import { bootPhone } from '../../support/phone-provisioning.ts';
import { startSite } from '../../support/provisioning.ts';
import { fakeClock } from '../../support/clock.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { freePort } from '../../support/free-port.ts';
import { quietWorld } from '../../support/provisioning-site.ts';
import { openSite } from '../../support/site.ts';

const mac = '00:15:65:aa:bb:01';
const second = '00:04:f2:aa:bb:02';
const patience = { timeoutMs: 10_000, everyMs: 5 };

/** One phone that has its configuration at 127.0.0.2, and one that has a lease for 127.0.0.3. */
async function openSyslog() {
  const directory = temporaryDirectory();
  const clock = fakeClock();
  const config = parseConfig(
    `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}"\n[provisioning]\nsyslog = true\n`,
  );
  const site = openSite(directory, clock);
  await site.configuration(mac, '127.0.0.2');
  await site.configuration(second, '127.0.0.9');
  await site.lease(second, '127.0.0.3');
  // A PC, which asks for no configuration.
  await site.lease('02:00:00:00:00:07', '127.0.0.7');
  site[Symbol.dispose]();
  const store = openStore({ directory, part: 'provisioning', clock });
  const leases = openLeaseView(directory, clock);
  const counters = newCounters();
  const port = await freePort();
  const world = { ...quietWorld(), clock };
  const syslog = await startSyslog({ world, config, store, leases, counters, port });
  onTestFinished(async () => {
    await syslog?.[Symbol.asyncDispose]();
    leases[Symbol.dispose]();
    store[Symbol.dispose]();
  });
  const heard = () =>
    counters.syslog_kept + counters.syslog_lost + counters.syslog_over_rate + counters.syslog_ignored;
  const send = async (from: string, ...messages: readonly (string | Uint8Array)[]) => {
    const socket = createSocket('udp4');
    socket.bind(0, from);
    await once(socket, 'listening');
    const wanted = heard() + messages.length;
    for (const message of messages)
      await new Promise((resolve) => socket.send(message, port, '127.0.0.1', resolve));
    await until(
      'all to be read and written',
      async () => {
        await clock.advance(500);
        return heard() >= wanted || undefined;
      },
      patience,
    );
    socket.close();
  };
  const linesOf = (phone: string) => readPhoneSyslog(directory, phone);
  return { clock, counters, directory, linesOf, port, send };
}

test('what a phone says is kept with its severity and the time when it came, by its lease or its last answer', async () => {
  const { clock, linesOf, send } = await openSyslog();
  const before = clock.now();
  await send('127.0.0.2', '<131>Jan  1 00:00:07 sip: REGISTER failed', '<135>sip: again');
  await send('127.0.0.3', '<14>1 - - so - - - booted');
  expect(linesOf(mac)).toMatchObject([
    { severity: 3, text: 'sip: REGISTER failed' },
    { severity: 7, text: 'sip: again' },
  ]);
  expect(linesOf(mac)[0]?.at).toBeGreaterThanOrEqual(before);
  expect(linesOf(second)).toMatchObject([{ severity: 6, text: 'so: booted' }]);
});

test.each([
  { vendor: 'yealink', of: mac, setting: 'static.syslog.server = 127.0.0.1' },
  { vendor: 'poly', of: '00:04:f2:aa:bb:02', setting: 'device.syslog.serverName="127.0.0.1"' },
  { vendor: 'cisco', of: '00:56:2b:aa:bb:03', setting: '<Syslog_Server ua="na">127.0.0.1</Syslog_Server>' },
] as const)(
  'a $vendor phone that is led through the box is told to send its logs there',
  async ({ vendor, of, setting }) => {
    await using site = await startSite({ toml: 'syslog = true' });
    const path = vendor === 'cisco' ? '/$PSN.xml' : '/';
    const phone = await bootPhone({ vendor, mac: of, url: `${site.url}${path}` });
    const { fixture } = phone.asked.at(-1) ?? { fixture: '' };
    const file = `${of.replaceAll(':', '')}-sdg.cfg`;
    const { body } = await sendFixture({ fixture, url: phone.url, mac: of, ca: phone.trusted, file });
    expect(body.toString()).toContain(setting);
  },
);

test('who is no phone is not read: a stranger, a PC with a lease, a phone’s former address', async () => {
  const { counters, linesOf, send } = await openSyslog();
  await send('127.0.0.4', '<13>stranger');
  await send('127.0.0.7', '<13>pc');
  await send('127.0.0.9', '<13>former');
  await send('127.0.0.2', '<13>', Buffer.alloc(0));
  expect(counters).toMatchObject({ syslog_kept: 0, syslog_ignored: 5 });
  expect([...linesOf(mac), ...linesOf(second)]).toEqual([]);
});

test('passwords, digests, one-time paths and dialled codes are not in any file', async () => {
  const { directory, linesOf, send } = await openSyslog();
  await send(
    '127.0.0.2',
    '<15>cfg: account.1.password = canary1',
    '<15>sip: Authorization: Digest username="x", nonce="canary2", response="canary3"',
    '<15>http: GET https://usea.dm.sdg.teams.microsoft.com/device/mmiiaacc/001565aabb01canary4/lang_en/',
    '<15>ui: dialled *55*998877',
    `<15>${'x'.repeat(4096 - 15)}password=canary5`,
  );
  expect(linesOf(mac)).toHaveLength(5);
  const folder = join(directory, 'provisioning');
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
  expect(files.join('')).toContain('account.1.password = ...');
  expect(files.join('')).not.toMatch(/canary|998877/);
});

test('a phone that says too much is cut off, and others are heard', async () => {
  const { counters, linesOf, send } = await openSyslog();
  for (let round = 0; round < 5; round += 1)
    await send('127.0.0.2', ...Array.from({ length: 100 }, (_, at) => `<15>line ${round} ${at}`));
  await send('127.0.0.3', '<14>heard');
  expect(counters.syslog_over_rate).toBeGreaterThan(50);
  expect(linesOf(mac).length).toBe(500 - counters.syslog_over_rate);
  expect(linesOf(second)).toMatchObject([{ text: 'heard' }]);
});

const line = (at: number) => ({ at, severity: 6, text: `${at} ${'ä'.repeat(40)}` });

test('so many bytes are kept of a phone, and of all; the oldest go', () => {
  const directory = temporaryDirectory();
  using kept = openPhoneSyslog(directory, { bytes: 40_000, bytesOfPhone: 10_000 });
  for (let at = 0; at < 400; at += 1) kept.write([{ mac, ...line(at) }]);
  const lines = readPhoneSyslog(directory, mac);
  expect(lines.at(-1)?.at).toBe(399);
  expect(lines.length).toBeGreaterThan(50);
  expect(lines.length * 130).toBeLessThan(10_000);
  for (let phone = 0; phone < 20; phone += 1)
    for (let at = 0; at < 60; at += 1) kept.write([{ mac: `phone ${phone}`, ...line(at) }]);
  expect(readPhoneSyslog(directory, mac)).toEqual([]);
  expect(readPhoneSyslog(directory, 'phone 19')).toHaveLength(60);
  expect(readPhoneSyslog(directory, 'phone 19', 2).map(({ at }) => at)).toEqual([58, 59]);
  // A process that starts anew knows what is there.
  using again = openPhoneSyslog(directory, { bytes: 40_000, bytesOfPhone: 10_000 });
  for (let at = 60; at < 100; at += 1) again.write([{ mac: 'phone 19', ...line(at) }]);
  expect(readPhoneSyslog(directory, 'phone 19').length).toBeLessThan(80);
});

test('lines that the disk does not take are counted, and phones go on being heard', async () => {
  const { counters, directory, linesOf, send } = await openSyslog();
  using busy = new DisposableStack();
  const db = busy.adopt(openTelemetryFile(directory, 'provisioning'), (file) => file.close());
  db.exec('BEGIN IMMEDIATE');
  await send('127.0.0.2', '<13>first');
  expect(counters).toMatchObject({ syslog_kept: 0, syslog_lost: 1 });
  db.exec('ROLLBACK');
  await send('127.0.0.2', '<13>second');
  expect(linesOf(mac)).toMatchObject([{ text: 'second' }]);
});
