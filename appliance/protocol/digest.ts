/** Digest challenges and credentials as header values: RFC 7616 sections 3.3 and 3.4, RFC 8760 for SIP. Hashes are in `sip/digest.ts`. */
import { splitValues } from './sip-headers.ts';
import { SipSyntaxError } from './sip-message.ts';

/** Names in lower case, values without quotes and escapes. */
export type DigestFields = Readonly<Record<string, string>>;

const fieldShape = /^([\w\-.!%*+`'~]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[^])*)"|([^\s",]+))$/;

/** Values that are tokens; all others are quoted (RFC 7616 sections 3.3 and 3.4). */
const tokens = new Set(['algorithm', 'stale', 'nc']);

/** Undefined for another scheme than Digest. Throws {@link SipSyntaxError} for one that is broken or names a field twice. */
export function parseDigest(value: string): DigestFields | undefined {
  const [, list] = /^digest[ \t]+([^]*)$/i.exec(value.trim()) ?? [];
  if (list === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const piece of splitValues(list)) {
    const [, name, quoted, token] = fieldShape.exec(piece) ?? [];
    if (name === undefined) throw new SipSyntaxError('broken digest');
    if (fields.has(name.toLowerCase())) throw new SipSyntaxError('a digest field twice');
    fields.set(name.toLowerCase(), token ?? (quoted ?? '').replaceAll(/\\([^])/g, '$1'));
  }
  return Object.fromEntries(fields);
}

/** A challenge lists its qop in quotes, credentials name one without (RFC 7616 section 3.4). */
export function formatDigest(fields: DigestFields): string {
  const isAnswer = fields['response'] !== undefined;
  const list = Object.entries(fields).map(([name, value]) =>
    tokens.has(name) || (name === 'qop' && isAnswer)
      ? `${name}=${value}`
      : `${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
  );
  return `Digest ${list.join(', ')}`;
}
