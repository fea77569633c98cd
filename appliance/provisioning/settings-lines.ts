/** Configuration bodies of lines: Yealink's `key = value` and AudioCodes' `a/b/c=value`. */
import { withoutBlanks } from './blanks.ts';
import type { Setting } from './settings.ts';

const commentMarks = { yealink: ['#', '['], audiocodes: [';', '#', '['] } as const;

export function readLines(text: string, format: keyof typeof commentMarks): Setting[] {
  const settings: Setting[] = [];
  // A phone may take a lone CR for a line end too: what stands after it must not hide in a value.
  for (const { index: start, 0: line, 1: content = '' } of text.matchAll(/([^\r\n]*)(?:\r\n|\r|\n|$)/g)) {
    if (line === '') continue;
    const setting = readLine(content, format);
    if (setting === undefined) continue;
    const { key, value, valueAt } = setting;
    const valueStart = start + valueAt;
    settings.push({
      key,
      value,
      valueStart,
      valueEnd: valueStart + value.length,
      start,
      end: start + line.length,
      context: 'line',
    });
  }
  return settings;
}

interface Line {
  readonly key: string;
  readonly value: string;
  readonly valueAt: number;
}

/** Of UTF-8, a character a byte. */
const byteOrderMark = '\u00EF\u00BB\u00BF';

function readLine(content: string, format: keyof typeof commentMarks): Line | undefined {
  const from = content.startsWith(byteOrderMark) ? byteOrderMark.length : 0;
  const [start] = withoutBlanks(content, from, content.length);
  if (start === content.length || commentMarks[format].some((mark) => content.startsWith(mark, start)))
    return undefined;
  // `include:config <url>` is Yealink's one directive without an equals sign.
  const include =
    format === 'yealink' ? /^include:\w+(?!\w|\s*=)/i.exec(content.slice(start))?.[0] : undefined;
  const equals = content.indexOf('=', start);
  if (include === undefined && equals === -1) return undefined;
  const keyEnd = include === undefined ? equals : start + include.length;
  const afterKey = include === undefined ? equals + 1 : keyEnd;
  const [valueAt, valueEnd] = withoutBlanks(content, afterKey, content.length);
  const key = content.slice(...withoutBlanks(content, start, keyEnd));
  return { key, value: content.slice(valueAt, valueEnd), valueAt };
}
