/** What the API tells of calls, of registrations that failed, and of their messages. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { endCall } from '../../appliance/store/calls.ts';
import { startWeb } from '../../appliance/web/server.ts';
import { parseConfig } from '../../appliance/config.ts';
import { openWorld, systemClock } from '../../appliance/world.ts';
import { run } from '../support/command.ts';
import { ask, openPage } from '../support/page.ts';
import type { Site } from '../support/site.ts';

const mac = '00:15:65:aa:00:01';
const id = 'c'.repeat(32);
const message = (line: string) => `${line}\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n`;
const texts = [
  'INVITE sip:2@x SIP/2.0',
  'INVITE sip:2@x SIP/2.0',
  'SIP/2.0 404 Not Found',
  'SIP/2.0 404 Not Found',
].map(message);

async function failedCall(site: Site): Promise<void> {
  await site.call(mac, { id, state: 'ringing' });
  const reason = '404 Not Found (Q.850 1)';
  await site.write('sip', ({ db }) => endCall(db, { id, endedAt: systemClock.now(), reason }));
  site.ladder(id, texts);
}

const json = async (url: string): Promise<unknown> => await (await fetch(url)).json();

it('calls of two weeks are counted by the hour, with those that failed', async () => {
  const { site, url } = await openPage();
  expect(await json(`${url}/api/calls/history`)).toMatchObject({ hours: [] });
  const hour = 3_600_000;
  const now = systemClock.now();
  const today = now - (now % hour);
  const end = async (call: string, startedAt: number, reason: string) => {
    await site.call(mac, { id: call, startedAt });
    await site.write('sip', ({ db }) => endCall(db, { id: call, endedAt: startedAt + 1, reason }));
  };
  await end('old', now - 15 * 24 * hour, 'phone hung up');
  await end('a', today - 50 * hour, 'phone hung up');
  await end('b', today - 50 * hour + 1, 'cancelled');
  await end('c', today - 49 * hour - 1, '404 Not Found (Q.850 1)');
  await site.call(mac, { id: 'up', startedAt: today });
  const { since, hours } = (await json(`${url}/api/calls/history`)) as { since: number; hours: object[] };
  expect(now - since).toBeLessThan(14 * 24 * hour + 60_000);
  expect(hours).toEqual([
    { at: today - 50 * hour, calls: 3, failed: 1 },
    { at: today, calls: 1, failed: 0 },
  ]);
});

it('a call says why it ended, in words, and what to do', async () => {
  const { site, url } = await openPage();
  await failedCall(site);
  const words = {
    what: 'There is no such number. The telephone network says: the number is not assigned.',
    advice: 'Look at what was dialled, and at the dial plan in Teams.',
  };
  expect(await json(`${url}/api/calls`)).toMatchObject({ calls: [{ id, isFailure: true, ...words }] });
  expect(await json(`${url}/api/calls/${id}`)).toMatchObject({ id, ...words, call: { id, mac } });
});

it('its messages come in order, with who sent them to whom', async () => {
  const { site, url } = await openPage();
  await failedCall(site);
  const { messages } = (await json(`${url}/api/calls/${id}`)) as { messages: Record<string, unknown>[] };
  expect(messages.map(({ isSent, party, line }) => [isSent, party, line])).toEqual([
    [false, 'phone', 'INVITE sip:2@x SIP/2.0'],
    [true, 'cloud', 'INVITE sip:2@x SIP/2.0'],
    [false, 'cloud', 'SIP/2.0 404 Not Found'],
    [true, 'phone', 'SIP/2.0 404 Not Found'],
  ]);
  expect(messages[0]).toMatchObject({ transport: 'tls', remote: '10.66.0.100:5061', text: texts[0] });
});

it('they are a file that Wireshark reads', async () => {
  const { site, url, directory } = await openPage();
  await failedCall(site);
  const answer = await fetch(`${url}/api/calls/${id}.pcap`);
  expect(answer.headers.get('content-type')).toBe('application/vnd.tcpdump.pcap');
  expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${id}.pcap"`);
  const file = join(directory, 'call.pcap');
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  const fields = ['ip.src', 'ip.dst', 'sip.Call-ID'].flatMap((field) => ['-e', field]);
  const lines = await run(['tshark', '-r', file, '-Y', 'sip', '-T', 'fields', ...fields]);
  expect(lines.trim().split('\n')).toEqual([
    '10.66.0.100\t10.66.0.1\ta',
    '10.66.0.1\t192.0.2.9\ta',
    '192.0.2.9\t10.66.0.1\ta',
    '10.66.0.1\t10.66.0.100\ta',
  ]);
});

it('a registration that failed is told, with its messages, until the phone has come back', async () => {
  const { site, url } = await openPage();
  const failed = {
    id: 'registration-10.66.0.100',
    phone: '10.66.0.100',
    status: 401,
    reason: 'Unauthorized',
  };
  site.failedRegistration(failed);
  site.ladder(failed.id, texts.slice(0, 1));
  const failures = async () =>
    ((await json(`${url}/api/status`)) as { sip: { failures: unknown[] } }).sip.failures;
  expect(await failures()).toMatchObject([
    {
      kind: 'registration',
      id: failed.id,
      phone: failed.phone,
      what: 'Its password was not accepted.',
    },
  ]);
  expect(await json(`${url}/api/registrations/${failed.id}`)).toMatchObject({
    registration: { aor: '1001@office.example', status: 401 },
    messages: [{ party: 'phone' }],
  });
  expect((await fetch(`${url}/api/registrations/${failed.id}.pcap`)).status).toBe(200);
  await site.binding(mac, '10.66.0.100', {
    aor: '1001@office.example',
    local_expires_at: systemClock.now() + 60_000,
  });
  expect(await failures()).toEqual([]);
});

it('a call of which no messages are kept is told without; what nobody knows is not found', async () => {
  const { site, url } = await openPage();
  await site.call(mac, { id, state: 'ringing' });
  expect(await json(`${url}/api/calls/${id}`)).toMatchObject({
    messages: [],
    leftOut: 0,
    call: { state: 'ringing' },
  });
  for (const path of ['calls/none', 'calls/none.pcap', 'registrations/none', 'registrations/none.pcap'])
    expect([path, (await fetch(`${url}/api/${path}`)).status]).toEqual([path, 404]);
  for (const path of ['calls/..%2f..', 'calls/%00', 'calls/a%20b', `calls/${'a'.repeat(61)}`])
    expect([path, (await fetch(`${url}/api/${path}`)).status]).toEqual([path, 400]);
});

it('messages are for people on the box: not for its network', async () => {
  const { site } = await openPage();
  await failedCall(site);
  site.failedRegistration();
  const socket = join(site.directory, 'web.sock');
  const toml = `[site]\naddress = "127.0.0.1"\nstate_directory = "${site.directory}"\n[web]\naddress = "0.0.0.0"\nport = 0\nsocket = "${socket}"\n`;
  const web = await startWeb(openWorld('silent'), parseConfig(toml));
  onTestFinished(async () => await web[Symbol.asyncDispose]());
  for (const path of [`calls/${id}`, `calls/${id}.pcap`, 'registrations/registration-001565aa0001']) {
    const refused = await ask({ port: web.address.port }, `/api/${path}`);
    expect([path, refused.status]).toEqual([path, 401]);
    expect(refused.text).not.toMatch(/INVITE|office\.example/);
    expect((await ask({ socketPath: socket }, `/api/${path}`, { host: 'localhost' })).status).toBe(200);
  }
});
