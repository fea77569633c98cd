/**
 * A SIP message as it may be kept and shown: read, its secrets cut out, and written again. Names of fields stand in full then
 * and folded lines in one. Pure.
 */
import { headerLines } from '../protocol/sip-headers.ts';
import {
  decodeSipMessage,
  encodeSipMessage,
  isRequest,
  parseHeaderLine,
  SipSyntaxError,
  type SipHeader,
  type SipMessage,
} from '../protocol/sip-message.ts';
import { maskedBody } from './masked-body.ts';
import {
  authenticationInfo,
  credentialFields,
  maskedCredentials,
  maskedParameters,
} from './masked-credentials.ts';
import { isSecretName, mask, maskedText } from './masked-text.ts';

/** Throws {@link SipSyntaxError} for what can't be read, and so can't be masked either. */
export function maskedSipMessage(bytes: Uint8Array): Uint8Array {
  const message = decodeSipMessage(bytes);
  const headers = message.headers.map(maskedHeader);
  const body = Buffer.from(bodyOf(message), 'latin1');
  return encodeSipMessage(
    isRequest(message)
      ? { method: message.method, uri: maskedText(message.uri), headers, body }
      : { status: message.status, reason: maskedText(message.reason), headers, body },
  );
}

/** They tie messages together, and hold nothing but names of that kind. */
const structural = new Set([
  'Via',
  'Call-ID',
  'CSeq',
  'Replaces',
  'Target-Dialog',
  'In-Reply-To',
  'Content-Type',
  'Max-Forwards',
]);

function maskedHeader({ name, value }: SipHeader): SipHeader {
  if (structural.has(name)) return { name, value };
  if (credentialFields.has(name)) return { name, value: maskedCredentials(value) };
  if (authenticationInfo.has(name)) return { name, value: maskedParameters(value) };
  return { name, value: isSecretName(name) ? mask : maskedText(value) };
}

function bodyOf(message: SipMessage): string {
  const types = headerLines(message, 'Content-Type');
  const content = {
    type: types.length === 1 ? types[0] : undefined,
    isEncoded: headerLines(message, 'Content-Encoding').length > 0,
    text: Buffer.from(message.body).toString('latin1'),
  };
  return maskedBody(content, maskedHeaderLine);
}

/** Of a part, or of a message in a message, whose start line is none. */
function maskedHeaderLine(line: string): string {
  try {
    const { name, value } = maskedHeader(parseHeaderLine(line));
    return `${name}: ${value}`;
  } catch (error) {
    if (!(error instanceof SipSyntaxError)) throw error;
    return maskedText(line);
  }
}
