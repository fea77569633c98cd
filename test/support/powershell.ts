/**
 * Judges our PowerShell without PowerShell: brackets, operators, and each command with its parameters and what they take.
 * Parameters of the DhcpServer module are from Microsoft's reference of it (Windows Server 2022).
 */
import { powershellTokens, type Token } from './powershell-tokens.ts';

type Takes = 'string' | 'address' | 'number' | 'list' | 'switch' | 'word';
type Parameters = Readonly<Record<string, Takes>>;

const everywhere = { ComputerName: 'string', ErrorAction: 'word' } as const;
const scope = { ScopeId: 'address' } as const;
const what = { WhatIf: 'switch' } as const;
const condition = { Name: 'string', Condition: 'string', ...scope, ...everywhere, ...what } as const;

const cmdlets: Readonly<Record<string, Parameters>> = {
  'Add-DhcpServerv4Class': {
    Name: 'string',
    Type: 'string',
    Data: 'string',
    Description: 'string',
    ...everywhere,
    ...what,
  },
  'Add-DhcpServerv4OptionDefinition': {
    Name: 'string',
    OptionId: 'number',
    Type: 'string',
    Description: 'string',
    ...everywhere,
    ...what,
  },
  'Add-DhcpServerv4Policy': { ...condition, Description: 'string' },
  'Get-DhcpServerv4Class': { Type: 'string', ...everywhere },
  'Get-DhcpServerv4Failover': { ...scope, ...everywhere },
  'Get-DhcpServerv4OptionDefinition': { OptionId: 'number', ...everywhere },
  'Get-DhcpServerv4Policy': { ...scope, ...everywhere },
  'Get-DhcpServerv4Scope': everywhere,
  'Invoke-DhcpServerv4FailoverReplication': { ...scope, Force: 'switch', ...everywhere, ...what },
  'Remove-DhcpServerv4Class': { Name: 'string', Type: 'string', ...everywhere, ...what },
  'Remove-DhcpServerv4OptionDefinition': { OptionId: 'number', ...everywhere, ...what },
  'Remove-DhcpServerv4Policy': { ...scope, Name: 'string', ...everywhere, ...what },
  'Set-DhcpServerv4OptionValue': {
    ...scope,
    PolicyName: 'string',
    OptionId: 'number',
    Value: 'list',
    ...everywhere,
    ...what,
  },
  'Set-DhcpServerv4Policy': condition,
  'ForEach-Object': {},
  'Import-Csv': { LiteralPath: 'string' },
  'Set-StrictMode': { Version: 'number' },
  'Sort-Object': { Unique: 'switch' },
  'Where-Object': {},
  'Write-Output': {},
};

const operators = new Set(
  ['eq', 'ne', 'gt', 'lt', 'and', 'not', 'match', 'notmatch', 'split', 'f', 'cnotcontains'].map(
    (name) => `-${name}`,
  ),
);
const keywords = new Set([
  'function',
  'foreach',
  'for',
  'if',
  'elseif',
  'else',
  'return',
  'throw',
  'in',
  'param',
]);
const closing: Readonly<Record<string, string>> = {
  '(': ')',
  '@(': ')',
  '$(': ')',
  '{': '}',
  '@{': '}',
  '[': ']',
};
/** After these a command may begin. */
const beforeCommand = new Set(['\n', ';', '|', '{', '}', '(', '@(', '$(', '=', 'return', 'throw']);

export interface Script {
  /** Names of commands used, in order. */
  readonly commands: readonly string[];
  /** What strings in single quotes stand for. */
  readonly strings: readonly string[];
}

/** Throws with the line of the first thing that isn't right. */
export function checkPowershell(script: string): Script {
  const tokens = powershellTokens(script);
  checkBrackets(tokens);
  const functions = new Set(
    tokens.flatMap((token, at) => (tokens[at - 1]?.text === 'function' ? [token.text] : [])),
  );
  const commands = checkStatements(tokens, functions);
  for (const { inner } of tokens) if (inner !== undefined) checkBrackets(inner);
  return {
    commands,
    strings: tokens.flatMap(({ type, text, inner }) => (type === 'string' && !inner ? [text] : [])),
  };
}

function checkBrackets(tokens: readonly Token[]): void {
  const open: string[] = [];
  for (const { type, text, line } of tokens) {
    if (type !== 'mark') continue;
    const end = closing[text];
    if (end !== undefined) open.push(end);
    else if (')}]'.includes(text) && open.pop() !== text)
      throw new Error(`line ${line}: "${text}" closes nothing`);
  }
  if (open.length > 0) throw new Error(`"${open.join('')}" is missing at the end`);
}

function checkStatements(tokens: readonly Token[], functions: ReadonlySet<string>): string[] {
  const commands: string[] = [];
  const inCommand = new Set<Token>();
  tokens.forEach((token, at) => {
    const before = tokens[at - 1];
    if (inCommand.has(token)) return;
    if (token.type === 'parameter' && !operators.has(token.text))
      throw new Error(`line ${token.line}: ${token.text} is no operator`);
    if (token.type !== 'word' || keywords.has(token.text) || before?.text === 'function') return;
    const isCommand = before === undefined || beforeCommand.has(before.text);
    // Keys of a table, members, names of types and the words of an attribute.
    if (!isCommand || tokens[at + 1]?.text === '=') return;
    commands.push(token.text);
    const words = commandWords(tokens, at + 1);
    for (const word of words) inCommand.add(word);
    if (!functions.has(token.text)) checkCommand(token, words);
  });
  return commands;
}

/** The command's own words: what brackets hold is judged by itself. */
function commandWords(tokens: readonly Token[], from: number): Token[] {
  const words: Token[] = [];
  let depth = 0;
  for (const token of tokens.slice(from)) {
    const { text, type } = token;
    if (
      depth === 0 &&
      (type === 'newline' || '|;'.includes(text) || (type === 'mark' && ')}]'.includes(text)))
    )
      break;
    if (type === 'mark' && closing[text] !== undefined) {
      if (depth === 0) words.push(token);
      depth += 1;
    } else if (type === 'mark' && ')}]'.includes(text)) depth -= 1;
    else if (depth === 0) words.push(token);
  }
  return words;
}

function checkCommand(command: Token, words: readonly Token[]): void {
  const fail = (problem: string) => {
    throw new Error(`line ${command.line}: ${command.text}: ${problem}`);
  };
  const parameters = cmdlets[command.text];
  if (parameters === undefined) return fail('is no command that we know');
  const used = words.flatMap((word, at) =>
    word.type === 'parameter' ? [{ word, value: words[at + 1] }] : [],
  );
  for (const { word, value } of used) {
    const takes = parameters[word.text.replace(/^-|:$/g, '')];
    if (takes === undefined) fail(`has no parameter ${word.text}`);
    else if (!isTaken(takes, word, value)) fail(`${word.text} takes a ${takes}, not "${value?.text ?? ''}"`);
  }
  const isChange = 'WhatIf' in parameters;
  if (
    isChange &&
    !used.some(({ word, value }) => word.text === '-WhatIf:' && value?.text === '$WhatIfPreference')
  )
    fail('changes things without -WhatIf');
  const loose = words.find(
    ({ type }, at) => type === 'word' && words[at - 1]?.type !== 'parameter' && words[at - 1]?.text !== '.',
  );
  if (loose !== undefined) fail(`the word ${loose.text} is not quoted`);
}

function isTaken(takes: Takes, word: Token, value: Token | undefined): boolean {
  if (takes === 'switch')
    return word.text.endsWith(':') === (value?.type === 'variable' && word.text.endsWith(':'));
  if (value === undefined) return false;
  if (takes === 'word') return value.text === 'SilentlyContinue';
  if (value.type === 'variable') return true;
  return takes === 'number' ? value.type === 'number' : takes === 'string' && value.type === 'string';
}
