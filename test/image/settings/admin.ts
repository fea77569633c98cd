/** Somebody who sets a box up and runs it by its page, as a browser would: from a namespace, by curl, with a cookie. */
import { join } from 'node:path';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { until, words } from '../../support/command.ts';
import type { Namespace } from '../../support/namespaces.ts';

export interface Answered {
  /** 0: nobody answered. */
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Outcome {
  readonly kind: string;
  readonly state: string;
  readonly words: string;
}

export interface Admin {
  get(path: string): Promise<Answered>;
  post(path: string, body: object): Promise<Answered>;
  /** Gives an order to the box and waits for what comes of it. */
  order(path: string, body: object): Promise<Outcome>;
  /** Latest first. */
  outcomes(): Promise<readonly Outcome[]>;
  download(path: string, file: string): Promise<void>;
  upload(path: string, file: string): Promise<void>;
}

/** A guard: a busy machine's emulated one works for a minute on what takes a real one seconds. */
const patienceMs = 300_000;
const longestRequestSeconds = 60;
const pieceBytes = 4 * 2 ** 20;

/** `url` without a slash at its end. `directory`: where the cookie is kept. */
export function adminAt(namespace: Namespace, url: string, directory: string): Admin {
  mkdirSync(directory, { recursive: true });
  const jar = join(directory, 'cookies');
  // The certificate is the box's own: who is careful compares its fingerprint with the screen's.
  const curl = ['curl', '-sk', '-b', jar, '-c', jar, ...words(`--max-time ${longestRequestSeconds}`)];
  const run = async (more: readonly string[], input?: string) =>
    await namespace.exec([...curl, ...more], {
      timeoutMs: (longestRequestSeconds + 10) * 1000,
      anyExitCode: true,
      ...(input === undefined ? {} : { input }),
    });
  const ask = async (path: string, more: readonly string[] = [], input?: string): Promise<Answered> => {
    const said = await run(['-w', '\n%{http_code}', ...more, `${url}${path}`], input);
    const [, text = '', status] = /^([^]*)\n(\d{3})$/.exec(said) ?? [];
    return { status: Number(status ?? 0), body: text.startsWith('{') ? JSON.parse(text) : {} };
  };
  const asJson = [...words('-H content-type:application/json --data-binary @-')];
  const admin: Admin = {
    get: async (path) => await ask(path),
    post: async (path, body) => await ask(path, asJson, JSON.stringify(body)),
    order: async (path, body) => {
      const { status, body: given } = await admin.post(path, body);
      if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(given)}`);
      const isOver = async () => {
        const outcome = (await admin.get(`/api/orders/${String(given['order'])}`)).body as unknown as Outcome;
        return ['done', 'refused', 'failed'].includes(outcome.state) ? outcome : undefined;
      };
      return await until(`the end of ${path}`, isOver, { timeoutMs: patienceMs, everyMs: 500 });
    },
    outcomes: async () => ((await admin.get('/api/orders')).body['orders'] ?? []) as readonly Outcome[],
    download: async (path, file) => void (await run(['-f', '-o', file, `${url}${path}`])),
    upload: async (path, file) => {
      const bytes = readFileSync(file);
      const piece = join(directory, 'piece');
      for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
        writeFileSync(piece, bytes.subarray(offset, offset + pieceBytes));
        const asBytes = ['-H', 'content-type:application/octet-stream', '--data-binary', `@${piece}`];
        const { status, body } = await ask(
          `${path}${path.includes('?') ? '&' : '?'}offset=${offset}`,
          asBytes,
        );
        if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
      }
    },
  };
  return admin;
}
