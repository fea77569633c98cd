/** The page itself: files read once, served as they are. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

export interface PageFile {
  readonly url: string;
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

/** `index.html` at `/`, everything beside it below `/page/`. */
export function readPageFiles(): PageFile[] {
  const folder = join(import.meta.dirname, 'page');
  return readdirSync(folder).flatMap((name) => {
    const type = types[extname(name)];
    if (type === undefined) return [];
    const body = readFileSync(join(folder, name));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    return [{ url: name === 'index.html' ? '/' : `/page/${name}`, type, body, etag }];
  });
}
