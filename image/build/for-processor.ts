/** What a list of the image has for one processor: `NAME [amd64]` is for that alone, as in Debian's own lists. */
export function linesFor(text: string, architecture: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, words = '', only] = /^(.*?)(?:\s+\[(amd64|arm64)\])?\s*$/.exec(line) ?? [];
    return only === undefined || only === architecture ? [words] : [];
  });
}
