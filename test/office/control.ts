/** The Unix socket by which `npm run office -- ORDER` reaches the office that runs in another terminal. */
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Orders } from './orders.ts';

/** Where the office of this machine listens, unless it was given another place. */
export const defaultSocket = '/run/gatehouse-lab/office.sock';

interface Answer {
  readonly ok: boolean;
  readonly text: string;
}

/** One office at a time takes orders; throws when one does already. */
export async function refuseSecondOffice(socketPath: string): Promise<void> {
  if (await isAnswering(socketPath))
    throw new Error('an office is open already; "npm run office -- stop" closes it');
}

export async function openControl(socketPath: string, orders: Orders): Promise<AsyncDisposable> {
  await refuseSecondOffice(socketPath);
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

async function isAnswering(socketPath: string): Promise<boolean> {
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
export async function sendOrder(socketPath: string, words: readonly string[]): Promise<string> {
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
