/**
 * SIP plug and play: a phone without a provisioning address asks the group 224.0.1.75 for its profile (RFC 6080, as far as
 * phones do it): SUBSCRIBE `Event: ua-profile`, answered by 200 and a NOTIFY whose body is the address. The first NOTIFY wins,
 * and nobody proves who he is.
 */
import { parseMac } from './mac.ts';
import { headerLines, headerValue, parseCSeq } from './sip-headers.ts';
import {
  encodeSipMessage,
  isRequest,
  SipSyntaxError,
  type SipHeader,
  type SipMessage,
} from './sip-message.ts';
import { parseParams } from './sip-uri.ts';

export const pnpGroup = { address: '224.0.1.75', port: 5060 } as const;

export interface PnpSubscribe {
  /** Of the URIs that phones write it in; some makes write none. */
  readonly mac: string | undefined;
  /** As the phone says it: parameters of Event. */
  readonly vendor: string | undefined;
  readonly model: string | undefined;
  readonly userAgent: string | undefined;
  /** What the answers repeat. */
  readonly headers: readonly SipHeader[];
  readonly uri: string;
}

/** Undefined for anything else that is sent to the group. Throws {@link SipSyntaxError} for a SUBSCRIBE that can't be answered. */
export function pnpSubscribe(message: SipMessage): PnpSubscribe | undefined {
  if (!isRequest(message) || message.method !== 'SUBSCRIBE') return undefined;
  const event = headerValue(message, 'Event') ?? '';
  if (!/^ua-profile\s*(?:;|$)/i.test(event)) return undefined;
  for (const name of ['Via', 'From', 'To', 'Call-ID', 'CSeq'])
    if (headerValue(message, name) === undefined) throw new SipSyntaxError(`no ${name}`);
  parseCSeq(headerValue(message, 'CSeq') ?? '');
  const params = new Map(parseParams(event.slice(event.indexOf(';') + 1).replace(/^/, ';')));
  const uris = [message.uri, ...['From', 'To', 'Contact'].map((name) => headerValue(message, name) ?? '')];
  return {
    mac: uris.map(macInUri).find((mac) => mac !== undefined),
    vendor: unquoted(params.get('vendor')),
    model: unquoted(params.get('model')),
    userAgent: headerValue(message, 'User-Agent'),
    headers: message.headers,
    uri: message.uri,
  };
}

/** `MAC0004f2…`, `MAC%3a…`, `MAC:…`, in either case. */
function macInUri(text: string): string | undefined {
  return parseMac(/\bMAC(?:%3a|:)?([0-9a-f]{12})(?=@)/i.exec(text)?.[1] ?? '');
}

function unquoted(text: string | undefined): string | undefined {
  return text?.replace(/^"(.*)"$/, '$1');
}

interface Answering {
  /** The box, `ip:port`. */
  readonly local: string;
  /** Unguessable, for To and branch. */
  readonly tag: string;
  /** Provisioning address. */
  readonly url: string;
}

/** The 200 and the NOTIFY, in the order in which they go to where the SUBSCRIBE came from. */
export function pnpAnswers(asked: PnpSubscribe, { local, tag, url }: Answering): [Uint8Array, Uint8Array] {
  const value = (name: string) => headerValue(asked, name) ?? '';
  const to = /;\s*tag=/i.test(value('To')) ? value('To') : `${value('To')};tag=${tag}`;
  const contact = { name: 'Contact', value: `<sip:${local}>` };
  const ok = encodeSipMessage({
    status: 200,
    reason: 'OK',
    headers: [
      ...headerLines(asked, 'Via').map((line) => ({ name: 'Via', value: line })),
      { name: 'From', value: value('From') },
      { name: 'To', value: to },
      { name: 'Call-ID', value: value('Call-ID') },
      { name: 'CSeq', value: value('CSeq') },
      contact,
      { name: 'Expires', value: '0' },
    ],
    body: new Uint8Array(),
  });
  const target = /<([^<>\s]+)>/.exec(value('Contact'))?.[1] ?? asked.uri;
  const notify = encodeSipMessage({
    method: 'NOTIFY',
    uri: target,
    headers: [
      { name: 'Via', value: `SIP/2.0/UDP ${local};branch=z9hG4bK${tag}` },
      { name: 'Max-Forwards', value: '20' },
      { name: 'From', value: to },
      { name: 'To', value: value('From') },
      { name: 'Call-ID', value: value('Call-ID') },
      { name: 'CSeq', value: '1 NOTIFY' },
      contact,
      { name: 'Event', value: value('Event') },
      { name: 'Subscription-State', value: 'terminated;reason=timeout' },
      { name: 'Content-Type', value: 'application/url' },
    ],
    body: Buffer.from(url, 'latin1'),
  });
  return [ok, notify];
}

/** What a phone would ask, to see who answers. */
export function pnpProbe({ local, tag, mac }: { local: string; tag: string; mac: string }): Uint8Array {
  const digits = mac.replaceAll(':', '');
  const uri = `sip:MAC%3a${digits}@${pnpGroup.address}`;
  return encodeSipMessage({
    method: 'SUBSCRIBE',
    uri,
    headers: [
      { name: 'Via', value: `SIP/2.0/UDP ${local};branch=z9hG4bK${tag};rport` },
      { name: 'Max-Forwards', value: '20' },
      { name: 'From', value: `<${uri}>;tag=${tag}` },
      { name: 'To', value: `<${uri}>` },
      { name: 'Call-ID', value: `${tag}@${local.replace(/:\d+$/, '')}` },
      { name: 'CSeq', value: '1 SUBSCRIBE' },
      { name: 'Contact', value: `<sip:MAC%3a${digits}@${local}>` },
      { name: 'Event', value: 'ua-profile;profile-type="device";vendor="Gatehouse";model="watch"' },
      { name: 'Expires', value: '0' },
      { name: 'Accept', value: 'application/url' },
    ],
    body: new Uint8Array(),
  });
}

/** The address that a NOTIFY of this probe gives; undefined for any other message. */
export function pnpOffer(message: SipMessage, tag: string): string | undefined {
  if (!isRequest(message) || message.method !== 'NOTIFY') return undefined;
  if (!(headerValue(message, 'Call-ID') ?? '').startsWith(`${tag}@`)) return undefined;
  return Buffer.from(message.body).toString('latin1').trim().slice(0, 256);
}
