/** Ports for settings where 0 means "off", or that name a range. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const local = '127.0.0.1';

/** Tests that run at the same time have ports of their own, below those that the kernel gives to connections. */
const worker = (Number(process.env['VITEST_POOL_ID'] ?? 1) - 1) % 8;
const single = { first: 10_000 + worker * 1250, count: 1250, next: randomInt(1250) };
const media = { first: 20_000 + worker * 1590, count: 1590, next: randomInt(795) * 2 };

/** Settings name ports, so free ones are found first. No two calls find the same. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = single.first + (single.next++ % single.count);
    const probe = createServer().listen(port, local);
    const isFree = await Promise.race([
      once(probe, 'listening').then(() => true),
      once(probe, 'error').then(() => false),
    ]);
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

/** The first of so many in a row, even, for media. */
export function firstMediaPort(count: number): number {
  if (media.next + count > media.count) media.next = 0;
  const first = media.first + media.next;
  media.next += count + (count % 2);
  return first;
}
