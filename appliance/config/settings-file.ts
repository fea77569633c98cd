/** Files beside `gatehouse.toml` that somebody may put in through the page. Pure. */

/** An authority with its chain is some KB. */
export const mostFileBytes = 64 * 1024;

/** Of a token, in characters. */
export const leastTokenLength = 16;

/** A token stands in the first line. */
export function tokenIn(text: string): string {
  return text.split('\n')[0]?.trim() ?? '';
}

/** A sentence; undefined: it may be put in. `key`: what names it. */
export function settingsFileProblem(name: string, text: string, key?: string): string | undefined {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name))
    return 'The name has letters, digits, dots, hyphens and underscores, 63 at most, and begins with a letter or digit.';
  // The settings themselves, and what is kept beside them.
  if (name.toLowerCase().startsWith('gatehouse.toml'))
    return 'The settings themselves are changed in the form above.';
  if (text.trim() === '') return 'The file is empty.';
  if (text.includes('\0'))
    return 'This is no text: a token, a password or certificates in PEM are put in here.';
  // With a shorter one the page would not start, and nobody could put in another.
  if (key === 'web.metrics_token_file' && tokenIn(text).length < leastTokenLength)
    return `A token has at least ${leastTokenLength} characters, on the first line.`;
  return Buffer.byteLength(text) > mostFileBytes
    ? `The file is larger than ${mostFileBytes / 1024} KiB.`
    : undefined;
}
