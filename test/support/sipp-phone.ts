/**
 * SIPp as a desk phone on UDP, by scenarios of `fixtures/sipp` that are named by their outcome. What all messages of a phone have in
 * common stands here once: `{first}` outside a dialog, `{within}` in one, `{answer}` in a response, `{sdp}` for a description.
 * `{fax}` turns to T.38; pcap files that a scenario plays are made from `plays`, by their names.
 * A phone that is called keeps what it needs of the INVITE by `{read-invite}`, and answers it later by `{invited}`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './directory.ts';
import { startSipp, type SippResult } from './sipp.ts';

const scenarios = join(import.meta.dirname, '../fixtures/sipp');

export interface SippPhone {
  /** UDP port of the server, and of this phone. */
  readonly to: number;
  readonly from: number;
  /** Whom it dials. */
  readonly service?: string;
  readonly user?: string;
  readonly password?: string;
  readonly domain?: string;
  /** Its own, and the server's. */
  readonly address?: string;
  readonly server?: string;
  /** Words that go before a command to run it where the phone shall live. */
  readonly prefix?: readonly string[];
  /** What it sends in UDP datagrams, 20 ms apart, by the name of the file that its scenario plays. */
  readonly plays?: Readonly<Record<string, readonly Uint8Array[]>>;
  /** Where its media comes from. */
  readonly mediaPort?: number;
  /** A proxy that stays in the way stands between it and whoever calls it, with one transport on either side. */
  readonly isBehindProxy?: boolean;
}

export async function playPhone(scenario: string, phone: SippPhone): Promise<SippResult> {
  const { to, from, service = '+49301234', address = '127.0.0.1', server = address } = phone;
  const text = readFileSync(join(scenarios, `${scenario}.xml`), 'utf8');
  const directory = temporaryDirectory();
  const file = join(directory, `${scenario}.xml`);
  for (const [name, datagrams] of Object.entries(phone.plays ?? {}))
    writeFileSync(join(directory, name), ethernetPcap(datagrams));
  const lines = blocks(phone);
  const inPlace = (whole: string, name: string) => lines[name]?.join('\n') ?? whole;
  writeFileSync(
    file,
    text
      .replaceAll(/^ *\{([\w-]+)\}$/gm, inPlace)
      .replaceAll(/\{(called|registrar)\}/g, inPlace)
      .replaceAll(/="(\w+\.pcap)"/g, `="${directory}/$1"`),
  );
  const media = phone.mediaPort === undefined ? [] : ['-mp', String(phone.mediaPort)];
  const options = [...media, '-i', address, '-mi', address, '-p', String(from), '-t', 'u1'];
  return await startSipp([`${server}:${to}`, '-sf', file, '-m', '1', '-s', service, ...options], phone.prefix)
    .ended;
}

const description = ['v=0', 'o=- 1 1 IN IP4 [local_ip]', 's=-', 'c=IN IP4 [local_ip]', 't=0 0'];

/** What an INVITE has of a line, by the variable that keeps it. */
const kept = (proxied: boolean) =>
  [
    ['4', 'Via', 1],
    ['5', 'From', 1],
    ['6', 'To', 1],
    ['7', 'CSeq', 1],
    ...(proxied
      ? ([
          ['8', 'Via', 2],
          ['9', 'Record-Route', 1],
          ['10', 'Record-Route', 2],
        ] as const)
      : []),
  ] as const;

function blocks(phone: SippPhone): Readonly<Record<string, readonly string[]>> {
  const { user = '1001', password = '', domain = 'office.example', address = '127.0.0.1' } = phone;
  const server = phone.domain ?? address;
  const own = `Contact: <sip:${user}@[local_ip]:[local_port]>`;
  const common = [
    'Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]',
    'Max-Forwards: 70',
    `From: <sip:${user}@${domain}>;tag=[call_number]`,
    'Call-ID: [call_id]',
    own,
    'User-Agent: sipp',
  ];
  const lines = kept(phone.isBehindProxy === true);
  return {
    called: [`sip:[service]@${server}`],
    registrar: [`sip:${server}`],
    first: [...common, `To: <sip:[service]@${domain}>`],
    registration: [...common, `To: <sip:${user}@${domain}>`, 'Expires: 3600'],
    credentials: [`[authentication username=${user} password=${password}]`],
    within: [...common, `To: <sip:[service]@${domain}>[peer_tag_param]`],
    answer: ['[last_Via:]', '[last_From:]', '[last_To:]', '[last_Call-ID:]', '[last_CSeq:]', own],
    'read-invite': lines.map(
      ([variable, name, nth]) =>
        `<ereg regexp="[^ ].*" search_in="hdr" header="${name}:" occurence="${nth}" assign_to="${variable}" />`,
    ),
    invited: [
      ...lines.map(
        ([variable, name]) => `${name}: [$${variable}]${name === 'To' ? ';tag=[call_number]' : ''}`,
      ),
      'Call-ID: [call_id]',
      own,
    ],
    none: ['Content-Length: 0', '', ''],
    sdp: [
      'Content-Type: application/sdp',
      'Content-Length: [len]',
      '',
      ...description,
      'm=audio [media_port] RTP/AVP 0',
    ],
    fax: [
      'Content-Type: application/sdp',
      'Content-Length: [len]',
      '',
      ...description.with(1, 'o=- 1 2 IN IP4 [local_ip]'),
      'm=image [media_port] udptl t38',
      'a=T38FaxVersion:0',
      'a=T38FaxUdpEC:t38UDPRedundancy',
    ],
  };
}

/** As SIPp reads it: Ethernet, IPv4 and UDP around each, one every 20 ms. It takes addresses and ports of its own. */
function ethernetPcap(datagrams: readonly Uint8Array[]): Uint8Array {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1_b2_c3_d4);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  // LINKTYPE_ETHERNET
  head.writeUInt32LE(1, 20);
  const records = datagrams.map((datagram, at) => {
    const record = Buffer.alloc(16 + 14 + 20 + 8);
    record.writeUInt32LE(Math.floor((at * 20) / 1000));
    record.writeUInt32LE(((at * 20) % 1000) * 1000, 4);
    for (const place of [8, 12]) record.writeUInt32LE(14 + 20 + 8 + datagram.length, place);
    record.writeUInt16BE(0x08_00, 16 + 12);
    const ip = record.subarray(30);
    ip.writeUInt8(0x45);
    ip.writeUInt16BE(28 + datagram.length, 2);
    ip.writeUInt8(64, 8);
    ip.writeUInt8(17, 9);
    for (const place of [12, 16]) ip.writeUInt32BE(0x7f_00_00_01, place);
    for (const place of [20, 22]) ip.writeUInt16BE(9000, place);
    ip.writeUInt16BE(8 + datagram.length, 24);
    return Buffer.concat([record, datagram]);
  });
  return Buffer.concat([head, ...records]);
}
