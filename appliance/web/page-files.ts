/** The page itself: files read once, served as they are. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Config } from '../config.ts';
import type { Access } from './access.ts';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** By name. */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const folder = join(import.meta.dirname, '../web/page');
  const files = readdirSync(folder).flatMap((name): [string, PageFile][] => {
    const type = types[extname(name)];
    if (type === undefined) return [];
    const body = readFileSync(join(folder, name));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    return [[name, { type, body, etag }]];
  });
  return new Map(files);
}

const forAdmins: Readonly<Record<string, string>> = {
  '/box': 'box.html',
  '/firmware': 'firmware.html',
  '/settings': 'settings.html',
  '/ask': 'ask.html',
};

/** Of who has signed in. */
export const pagePaths = Object.keys(forAdmins);

/** Which of them is shown at a path, to whom. */
export function pageFor(url: string, access: Access, config: Pick<Config, 'site'>): string {
  const isNew =
    access.session === undefined ? access.wants === 'set-up' && !access.mayRead : !hasSettings(config);
  if (isNew) return 'setup.html';
  const forAdmin = forAdmins[url];
  // Where there is no password nobody could sign in.
  if (forAdmin !== undefined && access.session === undefined)
    return access.wants === 'set-up' ? 'setup.html' : 'sign-in.html';
  if (forAdmin !== undefined) return forAdmin;
  return access.mayRead && url === '/' ? 'index.html' : 'sign-in.html';
}

/** A box that nobody has configured serves nobody yet: its address is this machine's own. */
export function hasSettings({ site }: Pick<Config, 'site'>): boolean {
  return !site.address.startsWith('127.');
}
