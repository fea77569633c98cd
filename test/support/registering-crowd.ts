/** Many phones that register, every tenth or each over TLS and the others over UDP, with the SIP part as a process of its own; each has a connection upstream to a registrar that takes all. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serverIdentity } from '../../appliance/net/authority.ts';
import { decodeSipMessage, isRequest, type SipMessage } from '../../appliance/protocol/sip-message.ts';
import { readBindingRows, type BindingRow } from '../../appliance/store/bindings.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { startCloud } from '../bench/sip-cloud.ts';
import { until } from './command.ts';
import { freePort } from './free-port.ts';
import { newTestAuthority } from './sip-certificates.ts';
import { streamPeer, type Peer } from './sip-peer.ts';
import { newSipProcess } from './sip-process.ts';
import { registerText } from './sip-registering.ts';

export interface RegisteringCrowd extends AsyncDisposable {
  readonly pid: number;
  /** Few at a time; who hears 503 comes again, as phones do. How many heard each other final status. */
  register(cseq: number): Promise<Record<number, number>>;
  /** By name: what its registrar knows each of them by. */
  tokens(): Map<string, string>;
  /** How many of them came over TLS. */
  overTls(): number;
  kill(): Promise<void>;
  /** ms until it listens. */
  start(): Promise<number>;
}

const atOnce = 100;
const phonePort = 5999;

/** The part isn't started yet. */
export async function openRegisteringCrowd(
  directory: string,
  { count, overTls }: { count: number; overTls: 'every tenth' | 'each' },
): Promise<RegisteringCrowd> {
  const isOverTls = (at: number) => overTls === 'each' || at % 10 === 9;
  const authority = newTestAuthority(directory);
  const cloud = await startCloud(authority.issue(['IP:127.0.0.1']));
  const port = { udp: await freePort(), tcp: await freePort(), tls: await freePort() };
  const trust = join(directory, 'trust.pem');
  writeFileSync(trust, authority.ca);
  const settings = join(directory, 'gatehouse.toml');
  writeFileSync(
    settings,
    `[site]
address = "127.0.0.1"
state_directory = "${directory}"
extra_ca_file = "${trust}"
[provisioning]
allow_cleartext = ["yealink"]
[sip]
udp_port = ${port.udp}
tcp_port = ${port.tcp}
tls_port = ${port.tls}
upstream_port = ${cloud.port}
registrars = ["127.0.0.1"]
`,
  );
  const sip = newSipProcess(directory);
  const open = new Set<Socket>();
  const hangUp = () => {
    for (const socket of open) socket.destroy();
    open.clear();
  };
  const askOverTls = async (at: number, cseq: number) => {
    const { ca } = serverIdentity(directory, '127.0.0.1');
    const from = { port: port.tls, localAddress: addressOf(at) };
    const socket = connect({ host: '127.0.0.1', ...from, ca });
    open.add(socket);
    await once(socket, 'secureConnect');
    return await answerOverTls(streamPeer(socket), { at, cseq });
  };
  return {
    get pid() {
      return sip.running().pid;
    },
    register: async (cseq) => {
      const heard: Record<number, number> = {};
      let next = 0;
      const some = async () => {
        for (let at = next++; at < count; at = next++) {
          const status = await (isOverTls(at) ? askOverTls(at, cseq) : answerTo(port.udp, at, cseq));
          heard[status] = (heard[status] ?? 0) + 1;
        }
      };
      await Promise.all(Array.from({ length: atOnce }, some));
      return heard;
    },
    tokens: () => new Map(bindings(directory).map(({ aor, token }) => [aor, token])),
    overTls: () => bindings(directory).filter(({ transport }) => transport === 'tls').length,
    kill: async () => {
      await sip.kill();
      hangUp();
    },
    start: async () => {
      const begun = performance.now();
      await sip.startSip(settings);
      await sip.listens({ port });
      return Math.round(performance.now() - begun);
    },
    [Symbol.asyncDispose]: async () => {
      await sip.kill();
      hangUp();
      cloud.close();
    },
  };
}

function bindings(directory: string): BindingRow[] {
  using reader = openReader(directory, 'sip');
  return reader === undefined ? [] : readBindingRows(reader.db);
}

const addressOf = (at: number) => `127.1.${at >> 8}.${at & 255}`;

const isFinal = (message: SipMessage) => !isRequest(message) && message.status >= 200;

/** The same over a connection, which stays. */
async function answerOverTls(peer: Peer, { at, cseq }: { at: number; cseq: number }): Promise<number> {
  for (;;) {
    const before = peer.waiting.length;
    peer.send(registerText({ cseq, aor: `${at}` }));
    const heard = () => peer.waiting.slice(before).find(isFinal);
    const lastSeen = () =>
      `${peer.isClosed ? 'its end' : 'nothing'} after ${peer.waiting.map((one) => ('status' in one ? one.status : one.method)).join(', ')}`;
    const message = await until('an answer over TLS', heard, { timeoutMs: 300_000, everyMs: 50, lastSeen });
    if ('status' in message && message.status !== 503) return message.status;
    await sleep(5000);
  }
}

/** What the phone of that number hears at last, at its own address. */
async function answerTo(port: number, at: number, cseq: number): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(phonePort, addressOf(at));
  await once(socket, 'listening');
  // A transaction of its own each time.
  const ask = () => socket.send(registerText({ cseq, aor: `${at}` }), port, '127.0.0.1');
  const again = setInterval(ask, 5000);
  try {
    ask();
    for (;;) {
      const [bytes] = (await once(socket, 'message')) as [Buffer];
      const message = decodeSipMessage(bytes);
      if (!isRequest(message) && message.status >= 200 && message.status !== 503) return message.status;
    }
  } finally {
    clearInterval(again);
    socket.close();
  }
}
