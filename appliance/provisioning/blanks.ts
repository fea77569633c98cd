/** Blanks in a body of which a character is a byte: `trim` would take the last byte of `à` (C3 A0) for one as well. Pure. */

/** Space, tab, line ends, vertical tab and form feed. */
const isBlank = (code: number) => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/** Where what stands between `from` and `to` begins and ends without them; both `from` where it is nothing but blanks. */
export function withoutBlanks(text: string, from: number, to: number): [number, number] {
  let [start, end] = [from, to];
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return start === end ? [from, from] : [start, end];
}
