/**
 * cloud-init's user-data (NoCloud), as far as it is for us: our settings as they are, or a `#cloud-config` that writes this one file. No
 * other word of it is obeyed, and what we don't understand is refused with its line. Pure.
 */

export type UserData = { readonly toml: string } | { readonly refused: string };

const paths = new Set(['/etc/gatehouse/gatehouse.toml', 'gatehouse.toml']);

export function settingsIn(text: string): UserData {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  if (lines[0]?.trim() !== '#cloud-config') {
    // Line by line: over all of it, a volume of line breaks would keep a processor busy for minutes.
    return lines.some((line) => line.trim() === '[site]')
      ? { toml: text }
      : { refused: 'user-data is neither our settings (with a table [site]) nor #cloud-config' };
  }
  try {
    return { toml: writtenFile(lines) };
  } catch (error) {
    if (error instanceof NotOurs) return { refused: `user-data, ${error.message}` };
    throw error;
  }
}

class NotOurs extends Error {
  override readonly name = 'NotOurs';
}

interface FileEntry {
  path?: string;
  content?: string;
  isBase64: boolean;
}

/** The one shape of YAML that is read: a list below `write_files:`, scalars in one line, `content: |` as a block. */
function writtenFile(lines: readonly string[]): string {
  const entry: FileEntry = { isBase64: false };
  let isInside = false;
  for (let at = 1; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const refuse = (words: string) => new NotOurs(`line ${at + 1}: ${words}`);
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    if (!isInside) {
      if (!/^write_files:\s*$/.test(line)) throw refuse('only write_files is read');
      isInside = true;
      continue;
    }
    const [, dash, indent = '', key = '', value = ''] = /^( *-( +))?(?: *)([a-z_]+): ?(.*)$/.exec(line) ?? [];
    if (key === '')
      throw refuse('this shape of YAML is not read: one list entry, keys and values in one line');
    if (dash !== undefined && entry.path !== undefined) throw refuse('only one file is written');
    if (key === 'content') {
      const block = contentFrom(lines, at, value);
      if (block === undefined) throw refuse('content is a block (content: |) or one line');
      entry.content = block.text;
      at = block.last;
    } else if (key === 'path') entry.path = scalar(value);
    else if (key === 'encoding') {
      if (!['b64', 'base64', 'text/plain'].includes(scalar(value)))
        throw refuse('content may be text or base64');
      entry.isBase64 = scalar(value) !== 'text/plain';
    } else if (!['owner', 'permissions', 'defer'].includes(key) || indent.length > 8)
      throw refuse(`"${key}" is not read`);
  }
  if (entry.path === undefined || !paths.has(entry.path))
    throw new NotOurs('write_files: only /etc/gatehouse/gatehouse.toml is written');
  if (entry.content === undefined) throw new NotOurs('write_files: there is no content');
  return entry.isBase64 ? Buffer.from(entry.content, 'base64').toString('utf8') : entry.content;
}

function scalar(value: string): string {
  return value.trim().replace(/^(["'])(.*)\1$/, '$2');
}

/** YAML 1.2, 8.1: the first line says how far a literal block is indented; it ends before what is indented less. */
function contentFrom(
  lines: readonly string[],
  at: number,
  value: string,
): { readonly text: string; readonly last: number } | undefined {
  if (!/^[|>]/.test(value)) return value.trim() === '' ? undefined : { text: scalar(value), last: at };
  if (!/^\|[-+]?\s*$/.test(value)) return undefined;
  const own = /^ */.exec((lines[at] ?? '').replace('-', ' '))?.[0].length ?? 0;
  const indent = /^ */.exec(lines[at + 1] ?? '')?.[0].length ?? 0;
  if (indent <= own) return undefined;
  const block: string[] = [];
  let last = at;
  for (let next = at + 1; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    if (line.trim() !== '' && !line.startsWith(' '.repeat(indent))) break;
    block.push(line.slice(indent));
    last = next;
  }
  return { text: `${block.join('\n').trimEnd()}\n`, last };
}
