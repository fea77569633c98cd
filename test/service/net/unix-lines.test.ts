import { statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { connectLines, serveLines, type LineConnection } from '../../../appliance/net/unix-lines.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';

async function client(
  path: string,
): Promise<LineConnection & { readonly lines: string[]; readonly isClosed: () => boolean }> {
  const lines: string[] = [];
  let isClosed = false;
  const connection = await connectLines(path, {
    onLine: (line) => lines.push(line),
    onClose: () => {
      isClosed = true;
    },
  });
  onTestFinished(() => connection[Symbol.asyncDispose]());
  return { ...connection, lines, isClosed: () => isClosed };
}

const soon = { timeoutMs: 2000, everyMs: 5 };

it('each line is answered to whoever sent it, and all can be told something', async () => {
  const path = join(temporaryDirectory(), 's');
  await using server = await serveLines(path, (line, peer) => peer.send(`${line}!`));
  const [a, b] = [await client(path), await client(path)];
  a.send('eins');
  b.send('zwei');
  await until('both answers', () => (a.lines.length === 1 && b.lines.length === 1) || undefined, soon);
  server.broadcast('alle');
  await until('the broadcast', () => (a.lines.length === 2 && b.lines.length === 2) || undefined, soon);
  expect([a.lines, b.lines]).toEqual([
    ['eins!', 'alle'],
    ['zwei!', 'alle'],
  ]);
});

it('only owner and group may connect', async () => {
  const path = join(temporaryDirectory(), 's');
  await using server = await serveLines(path, () => undefined);
  expect(server).toBeDefined();
  expect(statSync(path).mode & 0o777).toBe(0o660);
});

it('what a killed process left is replaced, a living one is not', async () => {
  const path = join(temporaryDirectory(), 's');
  writeFileSync(path, '');
  await using server = await serveLines(path, () => undefined);
  expect(server).toBeDefined();
  await expect(serveLines(path, () => undefined)).rejects.toThrow(/serves there already/);
});

it('a line without an end cuts off who sends it, and nobody else', async () => {
  const path = join(temporaryDirectory(), 's');
  await using server = await serveLines(path, (line, peer) => peer.send(line));
  const [good, bad] = [await client(path), connect(path)];
  bad.on('error', () => undefined);
  const cut = new Promise((resolve) => {
    bad.once('close', resolve);
  });
  bad.write('x'.repeat(3 * 1024 * 1024));
  await cut;
  good.send('there');
  await until('the answer', () => good.lines[0], soon);
  expect(good.isClosed()).toBe(false);
  expect(server).toBeDefined();
});

it('the end of the server is the end of the connection, and a path that nobody serves is refused', async () => {
  const path = join(temporaryDirectory(), 's');
  const server = await serveLines(path, () => undefined);
  const one = await client(path);
  await server[Symbol.asyncDispose]();
  await until('the end', () => one.isClosed() || undefined, soon);
  await expect(connectLines(path, { onLine: () => undefined, onClose: () => undefined })).rejects.toThrow(
    /ENOENT|ECONNREFUSED/,
  );
});
