/** Keys in session descriptions, RFC 4568 (`a=crypto`), for the crypto-suites that can be read here. */
import { DecodeError } from './bytes.ts';
import type { SdpMedia } from './sdp.ts';
import { isSrtpSuite, type SrtpSuite } from './srtp.ts';

export interface SdesKey {
  readonly suite: SrtpSuite;
  /** Master key and salt, 30 bytes in base64. */
  readonly inline: string;
}

export interface CryptoLine extends SdesKey {
  /** Unique in its medium; the answer has that of the line which it takes. */
  readonly tag: number;
}

/** `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:…|2^20 WSH=64`; the lifetime is longer than any call, the window a hint. */
const cryptoLine =
  /^a=crypto:(\d{1,9}) (\w{1,40}) inline:([A-Za-z0-9+/]{40})(?:\|(?:2\^\d{1,2}|\d{1,15}))?(?: WSH=\d{1,5})?$/;

/** Undefined for another suite, a key with an MKI, several keys, and parameters that change what packets look like. */
export function parseCrypto(line: string): CryptoLine | undefined {
  const [, tag, suite = '', inline] = cryptoLine.exec(line) ?? [];
  return inline === undefined || !isSrtpSuite(suite) ? undefined : { tag: Number(tag), suite, inline };
}

export function formatCrypto({ tag, suite, inline }: CryptoLine): string {
  return `a=crypto:${tag} ${suite} inline:${inline}`;
}

/** What can be used of a medium's keys, the most wanted first. */
export function cryptoOf({ lines }: SdpMedia): CryptoLine[] {
  return lines.flatMap((line) => parseCrypto(line) ?? []);
}

/** The key of the first when both have agreed. Only an answer has one line, and its tag names one of the offer: who offered, needn't be known. */
export function agreedKey(own: SdpMedia, theirs: SdpMedia): SdesKey | undefined {
  const [ours, others] = [cryptoOf(own), cryptoOf(theirs)];
  const [answer] = ours.length === 1 ? ours : others.length === 1 ? others : [];
  const isTaken = ({ tag, suite }: CryptoLine) => tag === answer?.tag && suite === answer.suite;
  return others.some(isTaken) ? ours.find(isTaken) : undefined;
}

export function isSavp({ proto }: SdpMedia): boolean {
  return /^RTP\/SAVPF?$/.test(proto);
}

/** For a leg without SRTP. Throws {@link DecodeError} for one that wants SRTP by other means than keys in SDP. */
export function plainMedia(media: SdpMedia): SdpMedia {
  if (media.proto.startsWith('UDP/TLS/')) throw new DecodeError('SRTP keys by DTLS can not be bridged');
  const proto = isSavp(media) ? 'RTP/AVP' : media.proto;
  return { ...media, proto, lines: media.lines.filter((line) => !isKeyLine(line) && !isFeedback(line)) };
}

/** For a leg with SRTP: this key, and the profile that it uses itself. */
export function securedMedia(
  media: SdpMedia,
  { proto, crypto }: { proto: string; crypto: CryptoLine },
): SdpMedia {
  return { ...media, proto, lines: [...plainMedia(media).lines, formatCrypto(crypto)] };
}

/** Also of RFC 8866 (`k=`), and as what might be used in place of the profile named (RFC 5939): its lines mean nothing without each other. */
export function isKeyLine(line: string): boolean {
  return /^(?:k=|a=(?:crypto|key-mgmt|acap|tcap|pcfg|acfg):)/.test(line);
}

/** Of RFC 4585, which the plain profile doesn't have. */
function isFeedback(line: string): boolean {
  return line.startsWith('a=rtcp-fb:');
}
