/** On which line of a TOML file a key stands. */

/**
 * A search line by line, not a second parser: text over several lines that looks like a key can mislead it, which costs
 * a wrong line number in a message and nothing else. The nearest enclosing table answers for keys in inline tables.
 */
export function keyLines(source: string): (key: string) => number | undefined {
  const lines = new Map<string, number>();
  const counts = new Map<string, number>();
  let table = '';
  for (const [at, line] of source.split('\n').entries()) {
    const header = /^\s*(\[\[?)\s*([^\]]+?)\s*\]/.exec(line);
    const key = /^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=/.exec(line);
    if (header) {
      table = dotted(header[2] ?? '');
      if (header[1] === '[[') {
        const count = counts.get(table) ?? 0;
        counts.set(table, count + 1);
        table = `${table}[${count}]`;
      }
      lines.set(table, at + 1);
    } else if (key) {
      const name = dotted(key[1] ?? '');
      const path = table === '' ? name : `${table}.${name}`;
      if (!lines.has(path)) lines.set(path, at + 1);
    }
  }
  return (key) => {
    for (let path = key; path !== ''; path = parent(path)) {
      const line = lines.get(path);
      if (line !== undefined) return line;
    }
    return undefined;
  };
}

/** `a . "b"` as `a.b` */
function dotted(text: string): string {
  return text
    .split('.')
    .map((part) => part.trim().replaceAll(/^["']|["']$/g, ''))
    .join('.');
}

function parent(path: string): string {
  return path.slice(0, Math.max(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['))));
}
