/** The SIP relay and its media relay over loopback, between phones and a registrar that are nothing but sockets. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { firstMediaPort, freePort } from './free-port.ts';
import { parseConfig, type Config } from '../../appliance/config.ts';
import { ensureAuthority, serverIdentity } from '../../appliance/net/authority.ts';
import { headerLines, headerValue } from '../../appliance/protocol/sip-headers.ts';
import {
  decodeSipMessage,
  isRequest,
  type SipMessage,
  type SipRequest,
} from '../../appliance/protocol/sip-message.ts';
import { startRtpRelay } from '../../appliance/rtp/relay.ts';
import { startSip } from '../../appliance/sip/relay.ts';
import { readBindings, type Binding } from '../../appliance/store/bindings.ts';
import { readCalls, type Call } from '../../appliance/store/calls.ts';
import { openReader, type Reader } from '../../appliance/store/reader.ts';
import { openWorld, systemClock, type Clock, type Part } from '../../appliance/world.ts';
import { until } from './command.ts';
import { temporaryDirectory } from './directory.ts';
import { newTestAuthority } from './sip-certificates.ts';
import { streamPeer, takers, type Peer } from './sip-peer.ts';

export type { Peer } from './sip-peer.ts';

const local = '127.0.0.1';
export type Transport = 'udp' | 'tcp' | 'tls';

export interface SipSite {
  readonly directory: string;
  readonly config: Config;
  readonly sip: Part;
  readonly rtp: Part | undefined;
  /** Connections to the registrar, in order. */
  readonly upstream: readonly Peer[];
  /** Connections that only ask whether the registrar is there. */
  readonly probes: readonly Peer[];
  /** A connection to the registrar has been begun and has said nothing yet. */
  readonly isConnecting: boolean;
  readonly port: Readonly<Record<Transport, number>>;
  /** `from`: its own address, where that matters. */
  phone(transport: Transport, from?: string): Promise<Peer>;
  /** The connection of that number, waited for. */
  flow(at: number): Promise<Peer>;
  bindings(): Binding[];
  calls(): Call[];
  journal(kind: string): unknown[];
  /** The way to the registrar: while it is cut connections end, and none can be made. */
  cutRegistrar(isCut: boolean): void;
  /** Stops the relay and starts it again on the same state, as after a crash or an update. */
  restartSip(): Promise<void>;
}

interface SiteOptions {
  readonly rtp?: boolean;
  /** False: the registrar's authority is not known to the box. */
  readonly isTrusted?: boolean;
  /** PEM of an authority that the box trusts besides. */
  readonly alsoTrusted?: string;
  readonly clock?: Clock;
  readonly settings?: string;
  readonly mediaSettings?: string;
  readonly directory?: string;
  readonly mediaPorts?: number;
  /** In the place of starting it in this process; gets the file of the settings. */
  readonly startSip?: (settings: string) => Promise<Part>;
  /** Vendors that may register without TLS; by default all that tests play. */
  readonly allowCleartext?: readonly string[];
}

export async function openSipSite(options: SiteOptions = {}): Promise<SipSite> {
  const { directory = temporaryDirectory() } = options;
  const authority = newTestAuthority();
  const registrar = await startRegistrar(authority.issue([`IP:${local}`]));
  const trusted = options.isTrusted === false ? newTestAuthority() : authority;
  writeFileSync(join(directory, 'trust.pem'), trusted.ca + (options.alsoTrusted ?? ''));
  const port = { udp: await freePort(), tcp: await freePort(), tls: await freePort() };
  const media = firstMediaPort(options.mediaPorts ?? 200);
  const settings = `[site]
address = "${local}"
state_directory = "${directory}"
extra_ca_file = "${join(directory, 'trust.pem')}"
[provisioning]
allow_cleartext = ${JSON.stringify(options.allowCleartext ?? ['other', 'yealink'])}
[rtp]
first_port = ${media}\nlast_port = ${media + (options.mediaPorts ?? 200) - 1}\n${options.mediaSettings ?? ''}
[sip]
udp_port = ${port.udp}
tcp_port = ${port.tcp}
tls_port = ${port.tls}
upstream_port = ${registrar.port}
registrars = ["${local}"]
${options.settings ?? ''}`;
  const config = parseConfig(settings);
  const file = join(directory, 'gatehouse.toml');
  writeFileSync(file, settings);
  const world = { ...openWorld('silent'), clock: options.clock ?? systemClock };
  await ensureAuthority(directory, local, systemClock);
  const rtp = options.rtp === false ? undefined : await startRtpRelay(world, config);
  const start = async () => await (options.startSip?.(file) ?? startSip(world, config));
  let sip = await start();
  onTestFinished(async () => {
    await sip[Symbol.asyncDispose]();
    await rtp?.[Symbol.asyncDispose]();
  });
  if (rtp !== undefined) await mediaConnected(() => sip);
  const reading = <T>(read: (reader: Reader) => T[]): T[] => {
    using reader = openReader(directory, 'sip');
    return reader === undefined ? [] : read(reader);
  };
  const { ca } = serverIdentity(directory, local);
  return {
    directory,
    config,
    get sip() {
      return sip;
    },
    rtp,
    upstream: registrar.peers,
    probes: registrar.probes,
    get isConnecting() {
      return registrar.coming.size > 0;
    },
    port,
    phone: (transport, from = local) =>
      transport === 'udp'
        ? udpPhone(port.udp)
        : streamPhone({ port: port[transport], localAddress: from }, transport === 'tls' ? ca : undefined),
    flow: (at) =>
      until(`connection ${at} to the registrar`, () => registrar.peers[at], { timeoutMs: 5000, everyMs: 5 }),
    bindings: () => reading(({ db }) => readBindings(db)),
    calls: () => reading(({ db }) => readCalls(db, 50)),
    journal: (kind) =>
      reading((reader) => reader.journalAfter(0, 500)).flatMap((row) =>
        'body' in row && row.kind === kind ? [JSON.parse(row.body) as unknown] : [],
      ),
    cutRegistrar: registrar.cut,
    restartSip: async () => {
      await sip[Symbol.asyncDispose]();
      sip = await start();
      if (rtp !== undefined) await mediaConnected(() => sip);
    },
  };
}

async function mediaConnected(sip: () => Part): Promise<void> {
  const isConnected = () => !(sip().health().reason ?? '').startsWith('media relay') || undefined;
  await until('the media relay', isConnected, { timeoutMs: 5000, everyMs: 5 });
}

async function startRegistrar(identity: { key: string; cert: string }): Promise<{
  port: number;
  peers: Peer[];
  probes: Peer[];
  coming: ReadonlySet<unknown>;
  cut: (isCut: boolean) => void;
}> {
  const peers: Peer[] = [];
  const probes: Peer[] = [];
  /** By port of the other end. */
  const coming = new Set<number | undefined>();
  let isAway = false;
  const sockets = new Set<TLSSocket>();
  const server = createTlsServer(identity, (socket) => {
    sockets.add(socket);
    const peer = streamPeer(socket);
    socket.once('data', () => {
      coming.delete(socket.remotePort);
      (isProbe(peer.waiting) ? probes : peers).push(peer);
    });
  });
  server.on('connection', (socket) => {
    const { remotePort } = socket;
    coming.add(remotePort);
    socket.once('close', () => coming.delete(remotePort));
    if (isAway) socket.destroy();
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, local);
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const cut = (isCut: boolean) => {
    isAway = isCut;
    if (isCut) for (const socket of sockets) socket.destroy();
  };
  return { port: address.port, peers, probes, coming, cut };
}

function isProbe([first]: readonly SipMessage[]): boolean {
  return first !== undefined && isRequest(first) && first.method === 'OPTIONS';
}

async function streamPhone(
  at: { port: number; localAddress: string },
  ca: string | undefined,
): Promise<Peer> {
  const socket = ca === undefined ? connect({ host: local, ...at }) : connectTls({ host: local, ...at, ca });
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, ca === undefined ? 'connect' : 'secureConnect');
  return streamPeer(socket);
}

async function udpPhone(port: number): Promise<Peer> {
  const socket = createSocket('udp4');
  socket.bind(0, local);
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });
  const waiting: SipMessage[] = [];
  socket.on('message', (bytes) => waiting.push(decodeSipMessage(bytes)));
  return {
    port: socket.address().port,
    isClosed: false,
    ...takers(waiting),
    send: (text) => socket.send(text, port, local),
    close: () => undefined,
  };
}

interface Text {
  readonly method: string;
  readonly uri: string;
  readonly lines: readonly string[];
  readonly body?: string;
}

let branches = 0;

/** A request with a Via of its own. The lines are sent as they are. */
export function requestText({ method, uri, lines, body = '' }: Text): string {
  branches += 1;
  const via = `Via: SIP/2.0/TCP 127.0.0.1:5999;rport;branch=z9hG4bKsite${branches}`;
  const has = (name: string) => lines.some((line) => line.startsWith(name));
  return [
    `${method} ${uri} SIP/2.0`,
    ...(has('Via:') ? [] : [via]),
    ...(has('Max-Forwards:') ? [] : ['Max-Forwards: 70']),
    ...lines,
    ...(body === '' || has('Content-Type:') ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** An answer to a request that came; `tag` is put behind To unless there is one. */
export function responseText(
  request: SipRequest,
  line: string,
  more: { lines?: readonly string[]; body?: string; tag?: string } = {},
): string {
  const { lines = [], body = '', tag = 'far' } = more;
  const copied = ['Via', 'Record-Route', 'From', 'Call-ID', 'CSeq'].flatMap((name) =>
    headerLines(request, name).map((value) => `${name}: ${value}`),
  );
  const to = headerValue(request, 'To') ?? '';
  return [
    `SIP/2.0 ${line}`,
    ...copied,
    `To: ${to.includes(';tag=') || line.startsWith('100') ? to : `${to};tag=${tag}`}`,
    ...lines,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

export function bodyOf(message: SipMessage): string {
  return Buffer.from(message.body).toString();
}

export function header(message: SipMessage, name: string): string {
  return headerValue(message, name) ?? '';
}

/** One audio stream at that port of loopback. */
export function sdpText(port: number, more: readonly string[] = []): string {
  return [
    'v=0',
    `o=- ${port} 1 IN IP4 127.0.0.1`,
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${port} RTP/AVP 0`,
    ...more,
    '',
  ].join('\r\n');
}

/** Port of the first medium of a description. */
export function mediaPort(message: SipMessage): number {
  return Number(/^m=audio (\d+)/m.exec(bodyOf(message))?.[1]);
}
