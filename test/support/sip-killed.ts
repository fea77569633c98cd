/** Phones and calls of a SIP process that is killed: what each side of a call knew of it, and how it comes back. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { isRequest, type SipRequest, type SipResponse } from '../../appliance/protocol/sip-message.ts';
import { readCallDialogs } from '../../appliance/store/call-dialogs.ts';
import { openReader } from '../../appliance/store/reader.ts';
import type { FakeClock } from './clock.ts';
import { until } from './command.ts';
import { contact, inviteText, within, type Dialog } from './sip-calls.ts';
import { accept, registerText } from './sip-registering.ts';
import { newSipProcess } from './sip-process.ts';
import {
  header,
  mediaPort,
  openSipSite,
  responseText,
  sdpText,
  type Peer,
  type SipSite,
} from './sip-site.ts';

/** What a process of its own may take, on a busy machine. */
export const wait = { timeoutMs: 20_000, everyMs: 20 };

/** Of the phone of that number. */
export const addressOf = (at: number) => `127.0.3.${at + 1}`;
export const userOf = (at: number) => `20${at}`;

export interface Phone {
  readonly at: number;
  readonly peer: Peer;
  /** Its connection to the registrar. */
  readonly upstream: Peer;
}

/** The phone of that number, over a new connection of its own; its REGISTER is with the registrar and not answered. */
export async function registering(site: SipSite, at: number): Promise<Phone & { request: SipRequest }> {
  const peer = await site.phone('tcp', addressOf(at));
  peer.send(registerText({ cseq: 1, aor: userOf(at) }));
  const isOwn = (request: SipRequest) =>
    request.method === 'REGISTER' && header(request, 'To').includes(`sip:${userOf(at)}@`);
  const upstream = await cameUpstream(site, isOwn);
  return { at, peer, upstream, request: await upstream.request('REGISTER') };
}

export async function registered(site: SipSite, at: number): Promise<Phone> {
  const phone = await registering(site, at);
  accept(phone.upstream, phone.request, { seconds: 3600 });
  await phone.peer.response(200);
  return phone;
}

export interface Call {
  readonly dialog: Dialog;
  /** As the cloud got it. */
  readonly invite: SipRequest;
  /** As the phone got it. */
  readonly answer: SipResponse;
  /** No media comes from the phone any more. */
  fallSilent(): void;
}

/** With media from the phone, so that it counts as a call that is going on. `body`: the cloud's answer. */
export async function called(
  { at, peer, upstream }: Phone,
  number: number,
  body = sdpText(6000),
): Promise<Call> {
  const media = createSocket('udp4').bind(0, '127.0.0.1');
  await once(media, 'listening');
  const dialog = {
    callId: `call-${at}-${number}`,
    from: `<sip:${userOf(at)}@office.example>;tag=me${number}`,
    to: '<sip:+49301234@127.0.0.1>',
  };
  peer.send(inviteText(dialog, { body: sdpText(media.address().port) }));
  const invite = await upstream.request('INVITE');
  upstream.send(responseText(invite, '200 OK', { lines: [contact], body }));
  const answer = await peer.response(200);
  peer.send(within(dialog, answer, 'ACK').text());
  await upstream.request('ACK');
  const packet = Buffer.concat([Buffer.from([0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]), Buffer.alloc(160)]);
  const speaking = setInterval(() => media.send(packet, mediaPort(answer), '127.0.0.1'), 200);
  onTestFinished(() => {
    clearInterval(speaking);
    media.close();
  });
  return { dialog, invite, answer, fallSilent: () => clearInterval(speaking) };
}

export interface Killed {
  readonly site: SipSite;
  /** One of each phone. */
  readonly calls: readonly Call[];
  /** Once more. */
  kill(): Promise<void>;
}

/** So many phones were in a call each, and none of them has come back. `memory`: where keys outlive the process. */
export async function killedWith(
  phones: number,
  { clock, body, memory }: { clock?: FakeClock; body?: string; memory?: string } = {},
): Promise<Killed> {
  const sip = newSipProcess(memory);
  const site = await openSipSite({ startSip: sip.startSip, ...(clock && { clock }) });
  await sip.listens(site);
  const calls: Call[] = [];
  for (let at = 0; at < phones; at += 1) calls.push(await called(await registered(site, at), 0, body));
  await written(site, phones);
  const kill = async () => {
    await sip.kill();
    await site.restartSip();
    await sip.listens(site);
  };
  await kill();
  return { site, calls, kill };
}

export function callOf({ calls }: Killed, at: number): Call {
  const call = calls[at];
  if (call === undefined) throw new Error(`no call ${at}`);
  return call;
}

/** The phone hears a BYE for its call and takes it. */
export async function hearsBye({ peer }: Pick<Phone, 'peer'>, { dialog }: Call): Promise<void> {
  const bye = await peer.request('BYE');
  if (header(bye, 'Call-ID') !== dialog.callId) throw new Error('a BYE for another call');
  peer.send(responseText(bye, '200 OK'));
}

/** So many calls could go on without the process: what is needed for that is on disk. */
export async function written(site: SipSite, calls: number): Promise<void> {
  const count = () => {
    using reader = openReader(site.directory, 'sip');
    return reader === undefined ? 0 : readCallDialogs(reader.db).length;
  };
  await until('all dialogs to be written down', () => count() === 2 * calls || undefined, {
    ...wait,
    lastSeen: () => String(count()),
  });
}

/** The registrar's connection on which that request came, whenever it was opened. */
export async function cameUpstream(site: SipSite, fits: (request: SipRequest) => boolean): Promise<Peer> {
  return await until(
    'the request upstream',
    () =>
      [...site.upstream, ...site.probes].find(({ waiting }) =>
        waiting.some((message) => isRequest(message) && fits(message)),
      ),
    wait,
  );
}
