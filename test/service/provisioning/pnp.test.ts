/** SIP plug and play on loopback: a real group, real sockets, phones that come from another address. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { newCounters } from '../../../appliance/provisioning/context.ts';
import { startPnp } from '../../../appliance/provisioning/pnp.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { systemClock } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { freePort } from '../../support/free-port.ts';
import { quietWorld } from '../../support/provisioning-site.ts';

const group = '224.0.1.75';
const patience = { timeoutMs: 10_000 };

async function socketAt(address: string, port = 0): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, address);
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return socket;
}

async function openPnp(mode: string, { away = '', port = 0 } = {}) {
  const directory = temporaryDirectory();
  const config = parseConfig(`
    [site]
    address = "127.0.0.1"
    state_directory = "${directory}"
    [provisioning]
    pnp = "${mode}"`);
  const store = openStore({ directory, part: 'provisioning', clock: systemClock });
  onTestFinished(() => store[Symbol.dispose]());
  const counters = newCounters();
  const at = port === 0 ? await freePort() : port;
  const tasks = { isBypassed: (mac: string) => mac === away };
  const needs = { world: quietWorld(), config, store, tasks, counters, httpPort: () => 8081, port: at };
  const journal = () => {
    using reader = openReader(directory, 'provisioning');
    return (reader?.journalAfter(0, 1000) ?? []).map(({ kind }) => kind);
  };
  const pnp = await startPnp(needs);
  onTestFinished(() => pnp?.[Symbol.asyncDispose]());
  return { port: at, counters, journal };
}

function question(mac: string, vendor: string): Buffer {
  const uri = `sip:MAC%3a${mac.replaceAll(':', '')}@${group}`;
  const head = `SUBSCRIBE ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5059;branch=z9hG4bK1\r\nFrom: <${uri}>;tag=1\r\nTo: <${uri}>\r\nCall-ID: 1\r\nCSeq: 1 SUBSCRIBE\r\nContact: <sip:127.0.0.2:5059>\r\n`;
  return Buffer.from(
    `${head}Event: ua-profile;profile-type="device";vendor="${vendor}"\r\nContent-Length: 0\r\n\r\n`,
  );
}

async function ask(port: number, ...questions: readonly Buffer[]) {
  const phone = await socketAt('127.0.0.2');
  phone.setMulticastInterface('127.0.0.1');
  const heard: string[] = [];
  phone.on('message', (bytes) => heard.push(bytes.toString()));
  for (const bytes of questions) phone.send(bytes, port, group);
  return heard;
}

test('a phone of a known make that asks the group is told the box, in 200 and NOTIFY', async () => {
  const { port, journal } = await openPnp('answer');
  const heard = await ask(port, question('00:15:65:aa:bb:01', 'Yealink'));
  await until('two messages', () => heard.length === 2 || undefined, patience);
  expect(heard[0]).toMatch(/^SIP\/2\.0 200 OK\r\n/);
  expect(heard[1]).toMatch(
    /^NOTIFY sip:127\.0\.0\.2:5059 SIP\/2\.0\r\n[^]*application\/url[^]*\r\n\r\nhttp:\/\/127\.0\.0\.1:8081$/,
  );
  expect(journal()).toContain('pnp_answered');
});

test('strangers, phones ordered back, and one that asks again and again get nothing more', async () => {
  const away = '00:15:65:aa:bb:02';
  const { port, counters } = await openPnp('answer', { away });
  const known = question('00:15:65:aa:bb:01', 'Yealink');
  await ask(port, question('02:00:00:00:00:01', 'Nobody'), question(away, 'Yealink'), Buffer.from('x'));
  await until('three ignored', () => counters.pnp_ignored === 3 || undefined, patience);
  await ask(port, ...Array.from({ length: 20 }, () => known));
  await until('all twenty', () => counters.pnp_answered + counters.pnp_ignored === 23 || undefined, patience);
  expect(counters.pnp_answered).toBe(6);
});

test('questions of made-up phones, from ever other addresses, are answered and told now and then', async () => {
  const { port, counters, journal } = await openPnp('answer');
  for (let at = 10; at < 40; at += 1) {
    const macs = [0, 1, 2, 3, 4].map((n) => `00:15:65:aa:${at}:0${n}`);
    const phone = await socketAt(`127.0.1.${at}`);
    phone.setMulticastInterface('127.0.0.1');
    for (const mac of macs) phone.send(question(mac, 'Yealink'), port, group);
    await until('all', () => counters.pnp_answered === (at - 9) * 5 || undefined, patience);
  }
  expect(journal().filter((kind) => kind === 'pnp_answered').length).toBeLessThan(120);
});

test.each([
  [1, 1],
  [300, 10],
])('somebody else who answers phones is told, with his address (%i times)', async (times, most) => {
  const port = await freePort();
  const rival = createSocket('udp4');
  rival.bind(port, group);
  await once(rival, 'listening');
  rival.addMembership(group, '127.0.0.1');
  onTestFinished(() => void rival.close());
  const answering = await socketAt('127.0.0.3');
  rival.on('message', (bytes, from) => {
    const callId = /^Call-ID: (.*)$/im.exec(bytes.toString())?.[1] ?? '';
    const notify = `NOTIFY sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.3;branch=z9hG4bK2\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>;tag=2\r\nCall-ID: ${callId}\r\nCSeq: 1 NOTIFY\r\nEvent: ua-profile\r\nContent-Length: 16\r\n\r\nhttp://evil/`;
    for (let n = 0; n < times; n += 1)
      answering.send(`${notify}${String(n).padStart(4, '0')}`, from.port, from.address);
  });
  const { journal, counters } = await openPnp('watch', { port });
  await until('the rival to be told', () => journal().includes('pnp_rival') || undefined, patience);
  const heard = () => counters.pnp_rivals + counters.pnp_ignored;
  // Some of so many are lost on the way.
  await until('the rest to be heard', () => heard() >= Math.min(times, 50) || undefined, patience);
  // Whoever sends them by the thousand fills neither journal nor log.
  expect(counters.pnp_rivals).toBeLessThanOrEqual(most);
});

test('off and on watch the port of the group stays free for others', async () => {
  for (const mode of ['off', 'watch']) {
    const { port } = await openPnp(mode);
    expect((await socketAt(group, port)).address()).toMatchObject({ address: group, port });
  }
});
