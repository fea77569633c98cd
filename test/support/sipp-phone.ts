/**
 * SIPp as a desk phone on UDP, by scenarios of `fixtures/sipp` that are named by their outcome. What all messages of a phone have in
 * common stands here once: `{first}` outside a dialog, `{within}` in one, `{answer}` in a response, `{sdp}` for a description.
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
  /** A proxy that stays in the way stands between it and whoever calls it, with one transport on either side. */
  readonly isBehindProxy?: boolean;
}

export async function playPhone(scenario: string, phone: SippPhone): Promise<SippResult> {
  const { to, from, service = '+49301234', address = '127.0.0.1', server = address } = phone;
  const text = readFileSync(join(scenarios, `${scenario}.xml`), 'utf8');
  const file = join(temporaryDirectory(), `${scenario}.xml`);
  const lines = blocks(phone);
  const inPlace = (whole: string, name: string) => lines[name]?.join('\n') ?? whole;
  writeFileSync(
    file,
    text.replaceAll(/^ *\{([\w-]+)\}$/gm, inPlace).replaceAll(/\{(called|registrar)\}/g, inPlace),
  );
  const options = ['-i', address, '-mi', address, '-p', String(from), '-t', 'u1'];
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
      'm=audio 9000 RTP/AVP 0',
    ],
  };
}
