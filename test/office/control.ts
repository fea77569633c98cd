/** The Unix socket by which `npm run office -- ORDER` reaches the office that runs in another terminal. */
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Orders } from './orders.ts';

const socketPath = '/run/gatehouse-lab/office.sock';

interface Answer {
  readonly ok: boolean;
  readonly text: string;
}

/** Refuses when an office answers already. */
export async function openControl(orders: Orders): Promise<AsyncDisposable> {
  if (await isAnswering()) {
    throw new Error('an office is open already; "npm run office -- stop" closes it');
  }
  rmSync(socketPath, { force: true });
  const server = createServer((caller) => {
    caller.on('error', () => caller.destroy());
    createInterface({ input: caller }).once('line', (line) => {
      const words = JSON.parse(line) as string[];
      void orders.give(words).then(
        (text) => caller.end(JSON.stringify({ ok: true, text } satisfies Answer)),
        (error: unknown) => {
          const text = error instanceof Error ? error.message : String(error);
          caller.end(JSON.stringify({ ok: false, text } satisfies Answer));
        },
      );
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(socketPath, resolve);
  });
  chmodSync(socketPath, 0o600);
  return {
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
      rmSync(socketPath, { force: true });
    },
  };
}

async function isAnswering(): Promise<boolean> {
  if (!existsSync(socketPath)) return false;
  return new Promise((resolve) => {
    const caller = connect(socketPath);
    caller.once('connect', () => {
      caller.destroy();
      resolve(true);
    });
    caller.once('error', () => resolve(false));
  });
}

/** The answer of the running office. Throws in one sentence when there is none, or with the office's own words. */
export async function sendOrder(words: readonly string[]): Promise<string> {
  const text = await new Promise<string>((resolve, reject) => {
    const caller = connect(socketPath);
    let received = '';
    caller.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    caller.once('end', () => resolve(received));
    caller.once('error', (cause) =>
      reject(new Error('no office is open; "npm run office" opens one', { cause })),
    );
    caller.write(`${JSON.stringify(words)}\n`);
  });
  if (text === '') return 'the office is closed';
  const answer = JSON.parse(text) as Answer;
  if (!answer.ok) throw new Error(answer.text);
  return answer.text;
}
