/** What is wrong with a line of TOML, for who wrote it: the parser speaks of literals, structures and escape sequences. Pure. */

interface Row {
  /** What the parser says. */
  readonly said: RegExp;
  /** The line, which may be the one after the mistake. */
  readonly text: RegExp;
  readonly words: (text: string) => string;
}

const noValue = /^invalid value|^illegal character in numeric/;
const noKey = /^illegal character in key/;
const any = /^/;

/** The first that fits. */
const rows: readonly Row[] = [
  {
    said: /^invalid value|^illegal character/,
    text: /[“”„‘’«»]/,
    words: () => 'these quotes are curly: write straight ones, "',
  },
  { said: noKey, text: /^\s*[\w-]+\s*:/, words: () => 'between a key and its value stands =, not :' },
  { said: noKey, text: /^\s*\[[^\]]*$/, words: () => 'the name of a table stands between [ and ]' },
  { said: noValue, text: /=\s*(?:#.*)?$/, words: () => 'there is no value after =' },
  {
    said: noValue,
    text: /=\s*(?:yes|no|on|off|true|false)\s*(?:#.*)?$/i,
    words: () => 'write true or false, small and without quotes',
  },
  {
    said: noValue,
    text: /^\s*[\w.-]+\s*=\s*[^"'[{\s#]/,
    words: (text) => `text stands in quotes: ${quoted(text)}`,
  },
  { said: /leading zero/, text: any, words: () => 'a number has no zeros in front' },
  {
    said: /^control characters/,
    text: any,
    words: () => 'the quote that begins the text has no end on this line',
  },
  {
    said: /end-of-line/,
    text: any,
    words: () => 'after a value comes the end of its line, or # and a comment',
  },
  {
    said: /escape sequence/,
    text: any,
    words: () => "a backslash in a text is written twice, or the text stands between single quotes: 'a\\b'",
  },
  {
    said: /^expected comma/,
    text: any,
    words: () => 'between the values of a list stands a comma, and ] behind the last',
  },
  {
    said: /already defined/,
    text: any,
    words: () => 'this stands further up already, and may be there once',
  },
];

/** `said`: by the parser, of this line. */
export function tomlWords(text: string, said: string): string {
  return rows.find((row) => row.said.test(said) && row.text.test(text))?.words(text) ?? said;
}

/** `name = Head office # of ours` as `name = "Head office"`. */
function quoted(text: string): string {
  const at = text.indexOf('=');
  const [bare = ''] = text.slice(at + 1).split('#');
  return `${text.slice(0, at).trim()} = ${JSON.stringify(bare.trim().slice(0, 60))}`;
}
