/** Pieces of SIP text without what opens doors: passwords and keys, one-time codes, digests. Pure; time grows with length alone. */
import { withoutDialledCodes } from '../phones/dialled-codes.ts';

export const mask = '***';

/** Names of header fields and parameters whose values are secret, whoever made them up. */
const words = 'auth|token|secret|passw|cookie|credential|ticket|signature|nonce|opaque|auts|d-ver|pn-prid';
const secretName = new RegExp(`${words}|^(?:identity|response|rspauth)$|(?:^|-)(?:key|pin|otp)(?:-|$)`, 'i');
/** Far more than there are: whether it is worth looking at each parameter. */
const maybeSecret = new RegExp(`${words}|identity|response|key|pin|otp`, 'i');

export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** Any text of a header field, a start line or a body that is shown. Web addresses lose what is behind their host. */
export function maskedText(text: string): string {
  const value = maskedValue(text);
  if (!value.includes('://')) return value;
  return value.replaceAll(webUser, '$1').replaceAll(webPath, `$1/${mask}`);
}

/** The same for XML, whose namespaces look like web addresses. Most text has nothing of all this, which is cheap to see. */
export function maskedValue(text: string): string {
  if (!/[@=*#%]|inline:/i.test(text)) return text;
  let value = text.replaceAll(/inline:\S*/gi, `inline:${mask}`);
  if (value.includes('@')) value = value.replaceAll(/[^\s<>"]+/g, withoutPassword);
  if (value.includes('?')) value = value.replaceAll(uriHeader, maskedUriHeader);
  if (value.includes('=') && maybeSecret.test(value)) value = value.replaceAll(parameter, maskedParameter);
  return withoutDialledCodes(value, mask);
}

const webUser = /(:\/\/)[^\s/<>"]*@/g;
const webPath = /(\b(?:https?|wss?|ftps?|tftp):\/\/[^/?#\s<>"]+)[/?#][^\s<>"]*/gi;

/** `sip:user:password@` (RFC 3261 section 19.1.1). */
function withoutPassword(word: string): string {
  const host = word.lastIndexOf('@');
  const scheme = host === -1 ? null : /sips?:/i.exec(word);
  if (scheme === null) return word;
  const colon = word.indexOf(':', scheme.index + scheme[0].length);
  return colon === -1 || colon > host ? word : `${word.slice(0, colon)}:${mask}${word.slice(host)}`;
}

/** `?Replaces=…&Authorization=…` behind a URI: only what names calls is shown. */
const uriHeader = /([?&])([^=&?\s<>"]+)=([^&\s<>"]*)/g;
const shownUriHeaders = new Set(['replaces', 'target-dialog', 'require', 'supported', 'accept-contact']);

function maskedUriHeader(all: string, sign: string, name: string): string {
  return shownUriHeaders.has(name.toLowerCase()) ? all : `${sign}${name}=${mask}`;
}

const parameter = /(?<![\w.-])([\w.-]+)([ \t]*=[ \t]*)("(?:[^"\\]|\\[^])*"?|[^;,&>\s"]*)/g;

function maskedParameter(all: string, name: string, equals: string): string {
  return isSecretName(name) ? `${name}${equals}${mask}` : all;
}
