/** kill -9 of the SIP process with fifty calls: what it had written down is enough for all of them to end well. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { isRequest, type SipRequest, type SipResponse } from '../../../appliance/protocol/sip-message.ts';
import type { Part } from '../../../appliance/world.ts';
import { start, until, type Running } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { contact, fromCloud, inviteText, within, type Dialog } from '../../support/sip-calls.ts';
import { accept, registerText } from '../../support/sip-registering.ts';
import {
  header,
  mediaPort,
  openSipSite,
  responseText,
  sdpText,
  type Peer,
  type SipSite,
} from '../../support/sip-site.ts';

const phones = 10;
const callsOfEach = 5;
const main = join(import.meta.dirname, '../../../appliance/main.ts');
const wait = { timeoutMs: 20_000, everyMs: 20 };

/** SIP as its unit starts it: a process of its own, and a directory in memory that outlives it. */
function newSipProcess() {
  const memory = temporaryDirectory();
  const started: Running[] = [];
  return {
    kill: async () => {
      const running = started.at(-1);
      running?.kill('SIGKILL');
      await running?.exited;
    },
    startSip: async (file: string): Promise<Part> => {
      const environment = { ...process.env, RUNTIME_DIRECTORY: memory, GATEHOUSE_LOG: 'warn' };
      const running = start([process.execPath, main, 'run', 'sip', '--config', file], { environment });
      started.push(running);
      return {
        health: () => ({ state: 'ok' }),
        counters: () => ({}),
        [Symbol.asyncDispose]: async () => await running[Symbol.asyncDispose](),
      };
    },
  };
}

async function isListening(site: SipSite): Promise<void> {
  await until(
    'the SIP process to listen',
    async () => {
      const socket = connect(site.port.tcp, '127.0.0.1');
      const isOpen = await Promise.race([
        once(socket, 'connect').then(() => true),
        once(socket, 'error').then(() => undefined),
      ]).catch(() => undefined);
      socket.destroy();
      return isOpen;
    },
    wait,
  );
}

const address = (at: number) => `127.0.3.${at + 1}`;
const user = (at: number) => `20${at}`;

interface Phone {
  readonly at: number;
  readonly peer: Peer;
}

async function registered(site: SipSite, at: number, flow: () => Promise<Peer>): Promise<Phone> {
  const peer = await site.phone('tcp', address(at));
  peer.send(registerText({ cseq: 1, aor: user(at) }));
  const upstream = await flow();
  accept(upstream, await upstream.request('REGISTER'), { seconds: 3600 });
  await peer.response(200);
  return { at, peer };
}

interface Call {
  readonly dialog: Dialog;
  /** As the cloud got it. */
  readonly invite: SipRequest;
  /** As the phone got it. */
  readonly answer: SipResponse;
}

/** With media from the phone, so that it counts as a call that is going on. */
async function called({ at, peer }: Phone, flow: Peer, number: number): Promise<Call> {
  const media = createSocket('udp4').bind(0, '127.0.0.1');
  await once(media, 'listening');
  const dialog = {
    callId: `call-${at}-${number}`,
    from: `<sip:${user(at)}@office.example>;tag=me${number}`,
    to: '<sip:+49301234@127.0.0.1>',
  };
  peer.send(inviteText(dialog, { body: sdpText(media.address().port) }));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  const answer = await peer.response(200);
  peer.send(within(dialog, answer, 'ACK').text());
  await flow.request('ACK');
  const packet = Buffer.concat([Buffer.from([0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]), Buffer.alloc(160)]);
  const speaking = setInterval(() => media.send(packet, mediaPort(answer), '127.0.0.1'), 200);
  onTestFinished(() => {
    clearInterval(speaking);
    media.close();
  });
  return { dialog, invite, answer };
}

/** The registrar's connection on which that request came, whenever it was opened. */
async function cameUpstream(site: SipSite, fits: (request: SipRequest) => boolean): Promise<Peer> {
  return await until(
    'the request upstream',
    () =>
      [...site.upstream, ...site.probes].find(({ waiting }) =>
        waiting.some((message) => isRequest(message) && fits(message)),
      ),
    wait,
  );
}

it('a kill -9 with 50 calls leaves all bindings, a BYE of a phone ends its call upstream at once, one of the cloud when the phone is back', async () => {
  const { kill, startSip } = newSipProcess();
  const site = await openSipSite({ mediaPorts: 800, startSip });
  await isListening(site);
  const before: Phone[] = [];
  for (let at = 0; at < phones; at += 1) {
    before.push(await registered(site, at, async () => await site.flow(at)));
  }
  const calls: Call[][] = [];
  for (const phone of before) {
    const own: Call[] = [];
    const flow = await site.flow(phone.at);
    for (let number = 0; number < callsOfEach; number += 1) own.push(await called(phone, flow, number));
    calls.push(own);
  }
  await until('all dialogs to be written down', () => site.calls().length === 50 || undefined, wait);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await kill();
  expect(site.bindings().map(({ state }) => state)).toEqual(before.map(() => 'registered'));
  const aors = site.bindings().map(({ aor, contact: uri }) => `${aor} ${uri}`);
  await site.restartSip();
  await isListening(site);
  expect(site.bindings().map(({ aor, contact: uri }) => `${aor} ${uri}`)).toEqual(aors);

  // Half of the phones hang up, over a new connection and without having registered.
  const half = phones / 2;
  for (let at = 0; at < half; at += 1) {
    const peer = await site.phone('tcp', address(at));
    for (const { dialog, invite, answer } of calls[at] ?? []) {
      peer.send(within(dialog, answer, 'BYE').text({ cseq: 2 }));
      const callId = header(invite, 'Call-ID');
      const isBye = (request: SipRequest) =>
        request.method === 'BYE' && header(request, 'Call-ID') === callId;
      const flow = await cameUpstream(site, isBye);
      const ping = flow.waiting.find((message) => isRequest(message) && message.method === 'OPTIONS');
      if (ping !== undefined) flow.send(responseText(await flow.request('OPTIONS'), '200 OK'));
      flow.send(responseText(await flow.request('BYE'), '200 OK'));
      await peer.response(200);
    }
  }

  // The others register again, and the cloud ends their calls on those connections.
  for (let at = half; at < phones; at += 1) {
    const aor = user(at);
    const again = await registered(
      site,
      at,
      async () => await cameUpstream(site, (request) => header(request, 'To').includes(`sip:${aor}@`)),
    );
    const flow = site.upstream.findLast(({ isClosed }) => !isClosed);
    for (const { invite } of calls[at] ?? []) {
      flow?.send(fromCloud(invite, 'BYE'));
      again.peer.send(responseText(await again.peer.request('BYE'), '200 OK'));
      await flow?.response(200);
    }
  }
  const reasons = () => site.calls().map(({ state, reason }) => `${state}: ${reason ?? ''}`);
  await until(
    'all calls to be over',
    () => reasons().every((one) => one.startsWith('ended')) || undefined,
    wait,
  );
  const count = (which: string) => reasons().filter((one) => one === which).length;
  expect([count('ended: phone hung up'), count('ended: cloud hung up')]).toEqual([25, 25]);
}, 90_000);
