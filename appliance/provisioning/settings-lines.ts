/** Configuration bodies of lines: Yealink's `key = value` and AudioCodes' `a/b/c=value`. */
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

function readLine(content: string, format: keyof typeof commentMarks): Line | undefined {
  const trimmed = content.replace(/^\uFEFF|^\u00EF\u00BB\u00BF/, '').trimStart();
  if (trimmed === '' || commentMarks[format].some((mark) => trimmed.startsWith(mark))) return undefined;
  // `include:config <url>` is Yealink's one directive without an equals sign.
  const include = /^(\s*)(include:\w+)\s/.exec(content);
  if (format === 'yealink' && include) {
    const [, indent = '', key = ''] = include;
    const rest = content.slice(indent.length + key.length);
    return { key, value: rest.trim(), valueAt: content.length - rest.trimStart().length };
  }
  const equals = content.indexOf('=');
  if (equals === -1) return undefined;
  const after = content.slice(equals + 1);
  const value = after.trim();
  return {
    key: content
      .slice(0, equals)
      .replace(/^\u00EF\u00BB\u00BF/, '')
      .trim(),
    value,
    valueAt: equals + 1 + (after.length - after.trimStart().length),
  };
}
