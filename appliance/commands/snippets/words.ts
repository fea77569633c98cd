/** The comment on top of every snippet: where it goes, what it does, how to test it, how to undo it. Pure. */
import { describeOption } from './option-value.ts';
import type { Snippet } from './phone-classes.ts';

export interface Introduction {
  /** What begins a comment line in this language. */
  readonly comment: string;
  readonly place: string;
  readonly undo: string;
  readonly notes: readonly string[];
}

const width = 108;

export function introduction(snippet: Snippet, { comment, place, undo, notes }: Introduction): string[] {
  const apart = snippet.notToldApart.map(
    ({ name, options }) =>
      `Not told from phones of the same maker: ${name}. Reserve an address for each and give it ${Array.from(options, ([code, bytes]) => `option ${code} = ${describeOption(code, bytes)}`).join('; ')}.`,
  );
  const paragraphs = [
    `Gatehouse, site "${snippet.site}": sends desk phones to their provisioning server, and tells them time server and offset from UTC.`,
    `Where: ${place}`,
    "Test: run `gatehouse probe dhcp` on the box; it asks as each vendor's phone would, and takes no address. A phone that has a lease must be restarted.",
    `Undo: ${undo}`,
    ...[...notes, ...apart, ...snippet.warnings].map((note) => `Note: ${note}`),
  ];
  return paragraphs.flatMap((paragraph) => wrapped(paragraph).map((line) => `${comment} ${line}`));
}

/** At blanks only: a line that names a file or a command stays whole. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
