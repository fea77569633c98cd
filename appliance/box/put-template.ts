/** `template.put`, `template.check` and `template.remove`: templates of the site's own, changed at the page and judged before they count. */
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { templateNameProblem, templateTextProblem } from '../config/template-file.ts';
import type { OrderArguments } from '../store/box-orders.ts';
import { orderSecret } from '../store/order-secrets.ts';
import { openSecrets } from '../store/secrets.ts';
import { syncFolder } from '../store/sync-folder.ts';
import type { Box, OrderEnd, OrderHandler } from './orders.ts';

interface Wanted {
  /** Of all templates. */
  readonly directory: string;
  readonly vendor: string;
  readonly name: string;
}

export const checkTemplate: OrderHandler = async (words, box) => {
  const wanted = wantedOf(words, box);
  if ('state' in wanted) return wanted;
  return (
    (await wrongIn(wanted, textOf(box, words['secret']), box)) ?? {
      state: 'done',
      words: 'Nothing is wrong with this template.',
    }
  );
};

export const putTemplate: OrderHandler = async (words, box) => {
  const wanted = wantedOf(words, box);
  if ('state' in wanted) return wanted;
  const text = textOf(box, words['secret']);
  const wrong = await wrongIn(wanted, text, box);
  if (wrong !== undefined) return wrong;
  put(wanted, text);
  return {
    state: 'done',
    words: 'It is in use within ten seconds: each phone gets it when it next asks for its configuration.',
  };
};

export const removeTemplate: OrderHandler = async (words, box) => {
  const wanted = wantedOf(words, box);
  if ('state' in wanted) return wanted;
  const file = join(wanted.directory, wanted.vendor, wanted.name);
  if (!existsSync(file)) return { state: 'refused', words: 'the site has no such template' };
  rmSync(file);
  syncFolder(dirname(file));
  return {
    state: 'done',
    words: 'It is gone: what comes with the box is used instead, where there is such a one.',
  };
};

/** What the page says is judged again: whoever broke it could order anything. */
function wantedOf({ vendor, name }: OrderArguments, { config, configFile }: Box): Wanted | OrderEnd {
  const problem = templateNameProblem(vendor, name);
  if (problem !== undefined) return { state: 'refused', words: problem };
  const directory = resolve(config.provisioning.templates_directory);
  // Elsewhere a folder may belong to anybody, and lead anywhere.
  if (dirname(directory) !== dirname(resolve(configFile)))
    return {
      state: 'refused',
      words: `provisioning.templates_directory is ${directory}: the page changes templates only in a folder beside the settings`,
    };
  for (const path of [directory, join(directory, String(vendor))])
    if (existsSync(path) && !lstatSync(path).isDirectory())
      return { state: 'refused', words: `${path} is there, and is no folder` };
  return { directory, vendor: String(vendor), name: String(name) };
}

function textOf({ config, clock }: Box, secret: unknown): string {
  using secrets = openSecrets(config.site.state_directory, 'web', clock);
  return orderSecret(secrets, secret);
}

/** It is put among copies of the others and judged there, as `gatehouse config check` does. */
async function wrongIn(
  { directory, vendor, name }: Wanted,
  text: string,
  { templates }: Box,
): Promise<OrderEnd | undefined> {
  const problem = templateTextProblem(text);
  if (problem !== undefined) return { state: 'refused', words: problem };
  const judge = await templates?.();
  if (judge === undefined) return { state: 'refused', words: 'nobody here can judge a template' };
  const copy = mkdtempSync(join(tmpdir(), 'gatehouse-templates-'));
  try {
    if (existsSync(join(directory, vendor)))
      cpSync(join(directory, vendor), join(copy, vendor), { recursive: true });
    mkdirSync(join(copy, vendor), { recursive: true });
    const file = join(copy, vendor, name);
    rmSync(file, { force: true });
    writeFileSync(file, text);
    const found = judge(copy).filter((sentence) => sentence.startsWith(`${file} `));
    if (found.length === 0) return undefined;
    return { state: 'refused', words: found.map((sentence) => sentence.slice(copy.length + 1)).join('\n') };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Complete before its name appears; for the group of the settings, whose part fills it in. */
function put({ directory, vendor, name }: Wanted, text: string): void {
  const folder = join(directory, vendor);
  const { gid } = statSync(dirname(directory));
  const own = (path: string, mode: number) => {
    if (process.getuid?.() === 0) chownSync(path, 0, gid);
    chmodSync(path, mode);
  };
  for (const path of [directory, folder]) {
    if (existsSync(path)) continue;
    mkdirSync(path);
    own(path, 0o750);
  }
  // Hidden: nobody reads it before it has its name.
  const fresh = join(folder, `.${process.pid}.new`);
  rmSync(fresh, { force: true });
  writeFileSync(fresh, text, { mode: 0o600, flag: 'wx', flush: true });
  own(fresh, 0o640);
  renameSync(fresh, join(folder, name));
  syncFolder(folder);
}
