/**
 * The program as it is installed: TypeScript with its types blanked out by the runtime's own means, which is what it would run
 * anyway, line for line. Done here it costs no start a second of a slow processor, and no process the 30 MB of the parser.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

/** Each `.ts` of the folder becomes a `.js`. Throws where an import would still lead to a `.ts`. */
export function takeTypesAway(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const file = join(folder, name);
    if (!name.endsWith('.d.ts'))
      writeFileSync(file.replace(/\.ts$/, '.js'), withoutTypes(readFileSync(file, 'utf8')));
    rmSync(file);
  }
}

/** One module; names of modules of ours, imported or not, end in `.js` afterwards. Throws for one that isn't told by its path. */
export function withoutTypes(source: string): string {
  const text = stripTypeScriptTypes(source).replaceAll(/(['"`]\.{1,2}\/[^'"`\n]*)\.ts(?=['"`])/g, '$1.js');
  const left = /(['"`])[\w./-]+\.ts\1/.exec(text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, ''));
  if (left !== null) throw new Error(`is this the name of a module? ${left[0]}`);
  return text;
}
