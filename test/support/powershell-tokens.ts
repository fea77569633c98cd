/** Words of PowerShell, as far as our scripts use it. Throws at anything else: a stricter reader than PowerShell itself. */

export interface Token {
  readonly type: 'word' | 'parameter' | 'string' | 'variable' | 'number' | 'mark' | 'newline';
  /** Of a string: what it stands for. */
  readonly text: string;
  /** Line in the script, from 1. */
  readonly line: number;
  /** Strings in double quotes: what `$( … )` in them holds. */
  readonly inner?: readonly Token[];
}

/** PowerShell takes these for the plain quotation mark. */
const singleQuotes = "'\u2018\u2019\u201A\u201B";
const rules: readonly (readonly [Token['type'] | 'skip', RegExp])[] = [
  ['skip', /[ \t]+|#[^\n]*/y],
  ['newline', /\n/y],
  ['parameter', /-[A-Za-z]+(?::(?=\$))?/y],
  ['variable', /[$@][A-Za-z_]\w*/y],
  ['number', /\d+(?:\.\d+)?(?![\w])/y],
  ['word', /[A-Za-z][\w-]*/y],
  ['mark', /@\(|@\{|\$\(|::|\.\.|\+\+|\+=|[(){}[\].,;|=+-]/y],
];

export function powershellTokens(script: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  while (at < script.length) {
    const char = script[at] ?? '';
    if (singleQuotes.includes(char) || char === '"') {
      const [token, end] = char === '"' ? expandable(script, at, line) : verbatim(script, at, line);
      tokens.push(token);
      at = end;
      continue;
    }
    const found = firstMatch(script, at);
    if (found === undefined)
      throw new Error(`line ${line}: what is ${JSON.stringify(script.slice(at, at + 20))}?`);
    const [type, text] = found;
    if (type !== 'skip') tokens.push({ type, text, line });
    if (type === 'newline') line += 1;
    at += text.length;
  }
  return tokens;
}

function firstMatch(script: string, at: number): readonly [Token['type'] | 'skip', string] | undefined {
  for (const [type, pattern] of rules) {
    pattern.lastIndex = at;
    const text = pattern.exec(script)?.[0];
    if (text !== undefined) return [type, text];
  }
  return undefined;
}

function verbatim(script: string, start: number, line: number): [Token, number] {
  let text = '';
  for (let at = start + 1; at < script.length; at += 1) {
    const char = script[at] ?? '';
    if (char === '\n') break;
    if (!singleQuotes.includes(char)) text += char;
    else if (singleQuotes.includes(script[at + 1] ?? '\n')) {
      text += char;
      at += 1;
    } else return [{ type: 'string', text, line }, at + 1];
  }
  throw new Error(`line ${line}: a string without end`);
}

/** Variables and `$( … )` alone: no backtick, no doubled quotation mark. */
function expandable(script: string, start: number, line: number): [Token, number] {
  const body = /^"((?:[^"`\n$]|\$\([^()"\n]*\)|\$[A-Za-z_]\w*)*)"/.exec(script.slice(start))?.[1];
  if (body === undefined) throw new Error(`line ${line}: a string in double quotes that is more than plain`);
  const inner = Array.from(body.matchAll(/\$\(([^()]*)\)/g), ([, code = '']) =>
    powershellTokens(code),
  ).flat();
  return [{ type: 'string', text: body, line, inner }, start + body.length + 2];
}
