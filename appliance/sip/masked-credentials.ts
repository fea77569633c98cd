/** Challenges and credentials as they may be shown: who and what for, never what proves it (RFC 3261 section 22, RFC 7616). Pure. */
import { splitChallenges, splitValues } from '../protocol/sip-headers.ts';
import { mask, maskedText } from './masked-text.ts';

export const credentialFields: ReadonlySet<string> = new Set([
  'Authorization',
  'Proxy-Authorization',
  'WWW-Authenticate',
  'Proxy-Authenticate',
]);

/** The same without a scheme in front. */
export const authenticationInfo: ReadonlySet<string> = new Set([
  'Authentication-Info',
  'Proxy-Authentication-Info',
]);

const shown = new Set([
  'username',
  'realm',
  'uri',
  'algorithm',
  'qop',
  'nc',
  'stale',
  'domain',
  'userhash',
  'charset',
]);

export function maskedCredentials(value: string): string {
  return splitChallenges(value).map(maskedScheme).join(', ');
}

/** Only of Digest it is known which parameters are harmless. */
function maskedScheme(value: string): string {
  const [, scheme, rest = ''] = /^([\w-]+)[ \t]+([^]*)$/.exec(value) ?? [];
  if (scheme === undefined) return mask;
  return scheme.toLowerCase() === 'digest' ? `${scheme} ${maskedParameters(rest)}` : `${scheme} ${mask}`;
}

/** What isn't plainly one of the harmless ones is masked. */
export function maskedParameters(list: string): string {
  return splitValues(list)
    .map((parameter) => {
      const [, name, value = ''] =
        /^([\w-]+)[ \t]*=[ \t]*("(?:[^"\\]|\\[^])*"|[\w.+/:-]*)$/.exec(parameter) ?? [];
      if (name === undefined) return mask;
      return `${name}=${shown.has(name.toLowerCase()) ? maskedText(value) : `"${mask}"`}`;
    })
    .join(', ');
}
