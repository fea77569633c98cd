/** Bodies of SIP messages as they may be kept: only of types that are known to be harmless, and those without keys and digits. Pure. */
import { maskedText, maskedValue, mask } from './masked-text.ts';

interface Content {
  /** Value of Content-Type; undefined when there is none, or more than one. */
  readonly type: string | undefined;
  /** Content-Encoding, or a transfer encoding that hides the text. */
  readonly isEncoded: boolean;
  readonly text: string;
}

type MaskHeaderLine = (line: string) => string;

/** Parts of parts are no longer looked at. */
const deepest = 3;

/** `header` masks one header line, of a part or of a message in a message. */
export function maskedBody({ type, isEncoded, text }: Content, header: MaskHeaderLine, depth = 0): string {
  if (text === '') return '';
  const name = (type ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (isEncoded || depth >= deepest) return withheld(text);
  if (name.startsWith('multipart/')) return maskedParts({ type, isEncoded, text }, header, depth);
  switch (name) {
    case 'application/sdp':
      return eachLine(text, maskedSdpLine);
    case 'application/dtmf-relay':
      return eachLine(text, maskedSignal);
    case 'message/sipfrag':
      return maskedFragment(text, header);
    case 'application/simple-message-summary':
      return eachLine(text, maskedText);
    case 'application/pidf+xml':
    case 'application/dialog-info+xml':
    case 'application/reginfo+xml':
    case 'application/media_control+xml':
      return maskedValue(text);
    default:
      return withheld(text);
  }
}

/** Digits of whoever dials in a call, text messages, and what nobody knows. */
function withheld(text: string): string {
  return `${mask} (${text.length} characters are not kept)`;
}

function eachLine(text: string, masked: (line: string) => string): string {
  return text
    .split(/(\r\n|\r|\n)/)
    .map((line, at) => (at % 2 === 0 ? masked(line) : line))
    .join('');
}

/**
 * RFC 4568 (`crypto`, also as a capability, RFC 5939), RFC 4567 (`key-mgmt`, MIKEY), RFC 8866 (`k=`), RFC 8839 (`ice-pwd`).
 * `masked:` stands for the key's method, since Wireshark takes nothing without one.
 */
function maskedSdpLine(line: string): string {
  if (/^[ \t]*k[ \t]*=/i.test(line)) return `k=${mask}`;
  const key = /crypto:|key-mgmt:|ice-pwd:/i.exec(line);
  // Behind `a=`: the equals sign of a line isn't one of a parameter.
  if (key === null) return line.slice(0, 2) + maskedText(line.slice(2));
  const end = key.index + key[0].length;
  const prefix = maskedText(line.slice(0, key.index)) + key[0];
  const [shown] = /^(?:\d{1,9}[ \t]+[\w-]{1,64}|mikey)(?=[ \t])/i.exec(line.slice(end)) ?? [];
  switch (key[0].toLowerCase()) {
    case 'crypto:':
      return `${prefix}${shown === undefined ? '' : `${shown} masked:`}${mask}`;
    case 'key-mgmt:':
      return `${prefix}${shown === undefined ? '' : `${shown} `}${mask}`;
    default:
      return prefix + mask;
  }
}

/** `Signal=5`, `Duration=160`: a form that many phones use for DTMF in INFO. */
function maskedSignal(line: string): string {
  if (line === '' || /^[ \t]*duration[ \t]*=[ \t]*\d{1,6}[ \t]*$/i.test(line)) return line;
  return /^[ \t]*signal/i.test(line) ? `Signal=${mask}` : mask;
}

/** RFC 3420. What comes behind its header is a body of nobody knows what. */
function maskedFragment(text: string, header: MaskHeaderLine): string {
  const end = text.indexOf('\r\n\r\n');
  const head = (end === -1 ? text : text.slice(0, end)).replaceAll(/(?:\r\n|\r|\n)[ \t]+/g, ' ');
  const shown = eachLine(head, header);
  if (end === -1) return shown;
  const rest = text.slice(end + 4);
  return rest === '' ? `${shown}\r\n\r\n` : `${shown}\r\n\r\n${withheld(rest)}`;
}

/** RFC 2046. What stands before the first and behind the last boundary is nothing. */
function maskedParts({ type = '', text }: Content, header: MaskHeaderLine, depth: number): string {
  const [, quoted, plain] =
    /;[ \t]*boundary[ \t]*=[ \t]*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return withheld(text);
  const parts = `\r\n${text}`.split(`\r\n--${boundary}`).slice(1);
  const masked = parts.map((part) => (part.startsWith('--') ? '--' : maskedPart(part, header, depth)));
  return masked.map((part) => `--${boundary}${part}\r\n`).join('');
}

function maskedPart(part: string, header: MaskHeaderLine, depth: number): string {
  const end = part.indexOf('\r\n\r\n');
  if (end === -1) return `\r\n\r\n${withheld(part)}`;
  const lines = part
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .slice(1);
  const values = (name: string) => lines.flatMap((line) => valueOf(line, name));
  const types = values('content-type');
  const encodings = [...values('content-encoding'), ...values('content-transfer-encoding')];
  const content = {
    type: types.length === 1 ? types[0] : undefined,
    isEncoded: encodings.some((encoding) => !/^(?:7bit|8bit|binary)$/i.test(encoding)),
    text: part.slice(end + 4),
  };
  return ['', ...lines.map(header), '', maskedBody(content, header, depth + 1)].join('\r\n');
}

function valueOf(line: string, name: string): string[] {
  const colon = line.indexOf(':');
  return line.slice(0, Math.max(0, colon)).trim().toLowerCase() === name
    ? [line.slice(colon + 1).trim()]
    : [];
}
