/** rtpengine in userspace as the peer, told of its calls by its own protocol (ng: a cookie and a bencoded dictionary a datagram). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { randomInt } from 'node:crypto';
import { openUdp } from '../../appliance/net/udp.ts';
import { start, until, words } from '../support/command.ts';
import { addresses, endPort, type Place, type Ports } from './media-site.ts';

const control = 22_222;

export const rtpengineMissing = () =>
  existsSync('/usr/bin/rtpengine') || existsSync('/usr/sbin/rtpengine')
    ? undefined
    : 'rtpengine: not installed (Debian package rtpengine-daemon)';

/** Rejects when it doesn't take a call. */
export async function startRtpengine({
  lab,
  box,
  streams,
}: Place): Promise<AsyncDisposable & { readonly pid: number; readonly ports: readonly Ports[] }> {
  const interfaces = [`--interface=near/${addresses.near}`, `--interface=far/${addresses.far}`];
  const range = ['--port-min=20000', '--port-max=39999'];
  const running = start([
    ...box.prefix,
    'rtpengine',
    '--table=-1',
    '--foreground',
    '--log-stderr',
    '--log-level=3',
    `--listen-ng=127.0.0.1:${control}`,
    `--pidfile=${join(lab.directory, 'rtpengine.pid')}`,
    ...interfaces,
    ...range,
  ]);
  const asked: string[] = [];
  for (let at = 0; at < streams; at += 1) asked.push(...requestsOf(at));
  // The control socket is in the box's namespace: perl, which is everywhere, passes questions and answers.
  const ask = `use Socket; socket(my $s, 2, 2, 17); connect($s, pack_sockaddr_in(${control}, inet_aton("127.0.0.1"))); alarm 20;
    while (my $q = <STDIN>) { chomp $q; send($s, pack("H*", $q), 0); recv($s, my $r, 65535, 0); $r =~ s/\\r?\\n/|/g; print "$r\\n" }`;
  const isThere = async () =>
    (await box.exec(['ss', '-Hlnu', `sport = :${control}`])).includes('127.0.0.1') || undefined;
  await until('rtpengine to listen', isThere, {
    timeoutMs: 20_000,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
  const answers = await box.exec(['perl', '-e', ask], { input: `${asked.join('\n')}\n`, timeoutMs: 60_000 });
  const ports = answers.trim().split('\n').map(portOf);
  return {
    pid: running.pid,
    ports: Array.from({ length: streams }, (_, at) => ({
      // The offer is answered with what the cloud sends to, the answer with what the phone does.
      cloud: ports[at * 2] ?? 0,
      phone: ports[at * 2 + 1] ?? 0,
    })),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

export interface Rtpengine extends AsyncDisposable {
  /** Its answer as it came: bencoded, with the SDP in it. Rejects when it refuses or keeps silent. */
  ask(fields: Readonly<Record<string, string | readonly string[]>>): Promise<string>;
}

/** In userspace, on the loopback of this machine. */
export async function openRtpengine(directory: string): Promise<Rtpengine> {
  const to = { address: '127.0.0.1', port: randomInt(30_000, 32_000) };
  const running = start([
    ...words('rtpengine --table=-1 --foreground --log-stderr --log-level=3 --interface=127.0.0.1'),
    `--listen-ng=127.0.0.1:${to.port}`,
    `--pidfile=${join(directory, 'rtpengine.pid')}`,
    ...words('--port-min=32000 --port-max=32767'),
  ]);
  const control = await openUdp({ address: '127.0.0.1', port: 0 });
  const answers = new Map<string, string>();
  control.onDatagram((bytes) => {
    const text = Buffer.from(bytes).toString('latin1');
    answers.set(text.slice(0, text.indexOf(' ')), text);
  });
  let last = 0;
  const ask: Rtpengine['ask'] = async (fields) => {
    last += 1;
    const cookie = `c${last}`;
    const bytes = Buffer.from(`${cookie} ${bencode(fields)}`);
    const answer = await until(
      'an answer of rtpengine',
      async () => {
        // Again under the same cookie is the same question.
        if (!answers.has(cookie)) await control.send(bytes, to);
        return answers.get(cookie);
      },
      { timeoutMs: 10_000, everyMs: 20, lastSeen: running.lastWords, hopeless: running.hasExited },
    );
    if (!answer.includes('6:result2:ok') && !answer.includes('6:result4:pong'))
      throw new Error(`rtpengine refused: ${answer.slice(0, 300)}`);
    return answer;
  };
  await ask({ command: 'ping' });
  return {
    ask,
    [Symbol.asyncDispose]: async () => {
      await control[Symbol.asyncDispose]();
      await running[Symbol.asyncDispose]();
    },
  };
}

function requestsOf(at: number): string[] {
  const common = { 'call-id': `bench${at}`, 'from-tag': 'a', replace: ['origin'], ICE: 'remove' };
  const media = `m=audio ${endPort + at * 2} RTP/AVP 0`;
  const sdp = (address: string) =>
    ['v=0', `o=- 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0', media, ''].join('\r\n');
  return [
    request(`o${at}`, { ...common, command: 'offer', direction: ['near', 'far'], sdp: sdp(addresses.phone) }),
    request(`a${at}`, { ...common, command: 'answer', 'to-tag': 'b', sdp: sdp(addresses.cloud) }),
  ];
}

/** In hexadecimal, so that it is one line. */
function request(cookie: string, fields: Readonly<Record<string, string | readonly string[]>>): string {
  return Buffer.from(`${cookie} ${bencode(fields)}`).toString('hex');
}

type Bencoded = string | readonly string[] | Readonly<Record<string, string | readonly string[]>>;

function bencode(value: Bencoded): string {
  if (typeof value === 'string') return `${value.length}:${value}`;
  if (Array.isArray(value)) return `l${value.map(bencode).join('')}e`;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `d${entries.map(([key, entry]) => bencode(key) + bencode(entry as Bencoded)).join('')}e`;
}

function portOf(answer: string): number {
  const port = /m=audio (\d+)/.exec(answer)?.[1];
  if (port === undefined) throw new Error(`rtpengine took no call: ${answer.slice(0, 200)}`);
  return Number(port);
}
