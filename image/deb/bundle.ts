/**
 * The program as it is installed: our modules and those of the npm packages in one file that all commands share and one for each command
 * and part, loaded when it is asked for. A start opens some dozens of files and not hundreds.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const rolldown = join(import.meta.dirname, '../../node_modules/.bin/rolldown');

/** As deep as the folders of the parts: modules find data beside the program by their own place. */
const chunks = 'program';

/**
 * `home`: has `appliance/` and `node_modules/`; afterwards only data and `appliance/main.js` with what it loads. `native` are packages
 * that stay as they are. Throws where a module would be started by a path that isn't there any more.
 */
export function bundle(home: string, native: readonly string[]): void {
  const appliance = join(home, 'appliance');
  const out = mkdtempSync(join(home, '.bundle-'));
  const external = native.flatMap((name) => ['--external', name]);
  const names = ['--entry-file-names', '[name].js', '--chunk-file-names', `${chunks}/[name]-[hash].js`];
  execFileSync(
    process.execPath,
    [
      rolldown,
      join(appliance, 'main.ts'),
      '--dir',
      out,
      '--platform',
      'node',
      '--format',
      'esm',
      ...names,
      ...external,
    ],
    { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  for (const name of readdirSync(appliance, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.ts')) rmSync(join(appliance, name));
  const modules = join(home, 'node_modules');
  for (const name of readdirSync(modules))
    if (!native.includes(name)) rmSync(join(modules, name), { recursive: true });
  for (const name of readdirSync(out)) renameSync(join(out, name), join(appliance, name));
  rmSync(out, { recursive: true });
  for (const name of ['main.js', ...readdirSync(join(appliance, chunks)).map((file) => join(chunks, file))]) {
    const file = join(appliance, name);
    writeFileSync(file, takesOnlyItsOwn(startsWhatIsThere(readFileSync(file, 'utf8'))));
  }
}

/** A module that is started by its path: `main.ts` is `main.js` now, and there is no other. Throws for one. */
export function startsWhatIsThere(text: string): string {
  const started = text.replaceAll(/(['"`])\.\.\/main\.ts\1/g, '$1../main.js$1');
  const left = /(['"`])[\w./-]+\/[\w.-]+\.ts\1/.exec(started.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, ''));
  if (left !== null) throw new Error(`is this the name of a module? ${left[0]}`);
  return started;
}

/**
 * An import from a module of node's own reads everything that it exports, and so runs what node keeps for who asks for it: all of fetch
 * with `node:http`, a fifth of a part's start. The module asked for what is needed doesn't.
 */
export function takesOnlyItsOwn(text: string): string {
  return text.replaceAll(
    /^import (\{(?![^}]*\bdefault\b)[^}]*\}) from ("node:[\w/]+");$/gm,
    (_, names: string, from: string) =>
      `const ${names.replaceAll(' as ', ': ')} = globalThis.process.getBuiltinModule(${from});`,
  );
}
