/** An admin with a firmware file at the page of a box, and what became of the orders given there. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readOutcome } from '../../appliance/store/outcomes.ts';
import { until } from './command.ts';
import { temporaryDirectory } from './directory.ts';
import { ask, openNetworkPage, type NetworkPage } from './page.ts';

const password = 'correct horse battery';
export const image = randomBytes(9_000_000);
export const sha256 = createHash('sha256').update(image).digest('hex');
export const about = { model: 'T46S', release: '66.86.5.1', name: 'T46S.rom', bytes: image.length };
export const stored = 'provisioning/firmware/yealink/T46S/66.86.5.1';

export interface Desk extends NetworkPage {
  readonly port: number;
  readonly cookie: string;
  readonly post: (path: string, body: object | Uint8Array, cookie?: string) => Promise<Answered>;
  readonly signIn: () => Promise<string>;
}

interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly error?: { code: string; message: string } };
}

/** A page in which the admin has just signed in. */
export async function openDesk(directory = temporaryDirectory()): Promise<Desk> {
  const page = await openNetworkPage({ directory });
  const { port } = page.web.address;
  const { headers } = await ask({ port, body: { code: page.code, password } }, '/api/setup');
  const cookieIn = (all: typeof headers) => all['set-cookie']?.[0]?.split(';')[0] ?? '';
  const cookie = cookieIn(headers);
  const post: Desk['post'] = async (path, body, as = cookie) => {
    const isBytes = body instanceof Uint8Array;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { cookie: as, 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
      body: isBytes ? new Uint8Array(body) : JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Answered['body'] };
  };
  const signIn = async () => cookieIn((await ask({ port, body: { password } }, '/api/sign-in')).headers);
  return { ...page, port, cookie, post, signIn };
}

export async function begin({ post }: Desk, more: object = {}): Promise<string> {
  const { status, body } = await post('/api/firmware/uploads', { ...about, ...more });
  expect([status, body.error]).toEqual([200, undefined]);
  return `/api/firmware/uploads/${String(body['upload'])}`;
}

export async function send({ post }: Desk, path: string, bytes = image): Promise<void> {
  for (let offset = 0; offset < bytes.length; offset += 4_000_000) {
    const piece = bytes.subarray(offset, offset + 4_000_000);
    expect((await post(`${path}?offset=${offset}`, piece)).status).toBe(200);
  }
}

export async function ended({ directory }: Desk, { body }: Answered) {
  const id = String(body['order']);
  return await until(
    'the end of the order',
    () => {
      const outcome = readOutcome(directory, id);
      return outcome === undefined || outcome.state === 'running' ? undefined : outcome;
    },
    { timeoutMs: 10_000, everyMs: 10 },
  );
}

export const uploadsIn = (directory: string): string[] => {
  const folder = join(directory, 'web/firmware');
  return existsSync(folder) ? readdirSync(folder) : [];
};
