/** What a phone's log may hold that nobody must read there: one-time paths, passwords, digests, media keys, dialled codes. Pure. */
import { withoutDialledCodes } from '../phones/dialled-codes.ts';
import { shownPath } from './shown-path.ts';

const masked = '…';
const latePath = /\/(?:device|mmiiaacc)\/[^\s"'<>]*/gi;
/** Each with what stays in front. */
const values = [
  /((?:password|passwd|pwd|secret|pin|token)(?:_\d{1,3}_?|\.\d{1,3})?["']?\s*[=:]\s*)(?:"(?:[^"\\]|\\[\s\S])*"|'[^']*'|(?:[^\s,;&<>]|[,;&](?![\w.-]{1,64}\s?[=:]|[\s<>]|$))+)/gi,
  /(<[\w.:-]{0,64}(?:passw|secret|token)[\w.:-]{0,64}(?:\s[^<>]*)?>)[^<]+/gi,
  /(\b(?:proxy-)?authorization\s*[=:]\s*)[^\r\n]+/gi,
  // RFC 7616: what it takes to guess a password from a registration.
  /(\b(?:response|cnonce)\s*=\s*)"?[0-9a-f]{16,}"?/gi,
  // RFC 4568.
  /(\binline:)[A-Za-z0-9+/=|:]+/g,
  /(:\/\/)[^\s/@]*@/g,
] as const;

/** `text` is latin1: a character a byte. */
export function maskLog(text: string): string {
  const withoutPaths = text.replaceAll(latePath, (path) =>
    shownPath({ use: 'later', path }).replaceAll(masked, '...'),
  );
  const withoutValues = values.reduce((rest, pattern) => rest.replaceAll(pattern, '$1...'), withoutPaths);
  return withoutDialledCodes(withoutValues, '...');
}
