/** The session description in a message body, alone or beside other parts (RFC 5621: a location travels as a second part). */
import { DecodeError } from '../protocol/bytes.ts';
import { headerValue } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';

export interface Body {
  /** Undefined: there is none. */
  readonly sdp: string | undefined;
  /** Content-Type and body with another description in the place of this one. */
  withSdp(sdp: string): { readonly type: string; readonly text: string };
}

export const sdpType = 'application/sdp';

/** Throws {@link DecodeError} for a body that no call can begin with. */
export function readBody(message: { headers: readonly SipHeader[]; body: string }): Body {
  const { body } = message;
  const type = headerValue(message, 'Content-Type') ?? sdpType;
  const kind = type.split(';')[0]?.trim().toLowerCase();
  if (body === '') return { sdp: undefined, withSdp: (text) => ({ type: sdpType, text }) };
  if (kind === sdpType) return { sdp: body, withSdp: (text) => ({ type, text }) };
  if (kind === 'multipart/mixed') return readMultipart(type, body);
  throw new DecodeError(`a body of ${kind?.slice(0, 40)} where a session description should be`);
}

/** RFC 2046 section 5.1. All but the description keeps its bytes. */
function readMultipart(type: string, body: string): Body {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw new DecodeError('multipart without a boundary');
  const pieces = body.split(`--${boundary}`);
  for (const [at, piece] of pieces.entries()) {
    const [, head, content] = /^(\r\n(?:[^\r\n]+\r\n)*?\r\n)([^]*?)\r\n$/.exec(piece) ?? [];
    if (head === undefined || content === undefined) continue;
    if (!/\r\nContent-Type:\s*application\/sdp\s*(?:;|\r\n)/i.test(head)) continue;
    return {
      sdp: content,
      withSdp: (sdp) => ({ type, text: pieces.with(at, `${head}${sdp}\r\n`).join(`--${boundary}`) }),
    };
  }
  return { sdp: undefined, withSdp: () => ({ type, text: body }) };
}
