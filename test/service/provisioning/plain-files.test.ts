import { connect } from 'node:net';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { until } from '../../support/command.ts';
import { hostile, type Hostile } from '../../support/hostile-cloud.ts';
import { sendBytes, sendFixture } from '../../support/phone-http.ts';
import { address } from '../../support/provisioning.ts';

const mac = '00:90:8f:aa:bb:05';
const piece = Buffer.alloc(65_536, 'firmware');
const head =
  'GET /440HD.img HTTP/1.1\r\nHost: x\r\nUser-Agent: AUDC-IPPhone/2.2.16.681 (440HDG-Rev0; 00908FAABB05)\r\n\r\n';

/** An image of so many pieces, each sent when the last one was taken; how many have left. */
function serving(pieces: number, headers: Record<string, number> = {}) {
  const sent = { pieces: 0 };
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.endsWith('.img') !== true) {
      response.end('#!version:1.0.0.1\n');
      return;
    }
    response.setMaxListeners(0).writeHead(200, headers);
    void (async () => {
      for (; sent.pieces < pieces && !response.destroyed; sent.pieces += 1)
        if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
      response.end();
    })();
  };
  return { sent, serve };
}

const askImage = async ({ site }: Hostile) => sendBytes(Buffer.from(head), { url: site.url });

test.each([{}, { 'Content-Length': 24 * piece.length }])(
  'a file of a known kind passes whole, its length told or not (%o), and is not kept',
  async (headers: Record<string, number>) => {
    const { serve } = serving(24, headers);
    await using run = await hostile(serve);
    const answer = await askImage(run);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe(headers['Content-Length']?.toString());
    const whole = createHash('sha256');
    for (let count = 0; count < 24; count += 1) whole.update(piece);
    expect(createHash('sha256').update(answer.body).digest('hex')).toBe(whole.digest('hex'));
    expect(run.site.part.counters()).toMatchObject({ files_passed: 1, answers_passed: 0, errors: 0 });
  },
);

test('a phone that takes nothing stops the server above too, and others are served meanwhile', async () => {
  const { sent, serve } = serving(16_384);
  await using run = await hostile(serve);
  const before = process.memoryUsage().rss;
  const phone = connect({ host: address, port: run.site.part.httpPort }).on('error', () => undefined);
  phone.pause();
  phone.write(head);
  await until('the file to be on its way', () => sent.pieces > 10 || undefined, { timeoutMs: 10_000 });
  let last = -1;
  await until(
    'no piece to leave any more',
    async () => {
      const isStill = last === sent.pieces;
      last = sent.pieces;
      await run.ask();
      return isStill || undefined;
    },
    { timeoutMs: 20_000 },
  );
  // What sockets hold, and not a gigabyte.
  expect(sent.pieces).toBeLessThan(1024);
  expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
  phone.destroy();
});

test('a file that breaks off is no whole file to the phone, and no error of ours', async () => {
  const { serve } = serving(4, { 'Content-Length': 5 * piece.length });
  await using run = await hostile((request, response) => {
    serve(request, response);
    response.once('finish', () => response.socket?.destroy());
  });
  await expect(askImage(run)).rejects.toThrow(/connection ended after/);
  await until('it to be counted', () => run.site.part.counters()['upstream_failures'] === 1 || undefined, {
    timeoutMs: 10_000,
  });
  expect(run.site.part.counters()).toMatchObject({ errors: 0 });
});

test('one address has two files under way at most', async () => {
  const { sent, serve } = serving(16_384);
  await using run = await hostile(serve);
  const { httpPort: port } = run.site.part;
  const phones = [1, 2].map(() => connect({ host: address, port }).on('error', () => undefined));
  for (const phone of phones) phone.pause().write(head);
  await until('both to be on their way', () => run.asked.length === 2 || undefined, { timeoutMs: 10_000 });
  expect(sent.pieces).toBeGreaterThan(0);
  expect((await askImage(run)).status).toBe(503);
  expect(run.asked).toHaveLength(2);
  for (const phone of phones) phone.destroy();
  await until('there to be room again', async () => (await tryAgain(run)) !== 503 || undefined, {
    timeoutMs: 10_000,
  });
});

async function tryAgain({ site }: Hostile): Promise<number> {
  const phone = connect({ host: address, port: site.part.httpPort }).on('error', () => undefined);
  phone.write(head);
  const [first] = (await once(phone, 'data')) as [Buffer];
  phone.destroy();
  return Number(first.toString('latin1', 9, 12));
}

test('a configuration can not hide behind the name of such a file', async () => {
  await using run = await hostile((request, response) => {
    const isImage = request.url?.endsWith('.img') === true;
    response.end(
      isImage ? 'x' : 'provisioning/configuration/url=http://emea.ipp.sdg.teams.microsoft.com/x.img?y\n',
    );
  });
  const answer = await sendFixture({ fixture: 'audiocodes-2-mac', url: `${run.site.url}/`, mac });
  expect(answer.status).toBe(200);
  expect(answer.body.toString()).not.toContain('.img');
  expect(run.site.journal()).toContainEqual(
    expect.objectContaining({
      kind: 'setting_dropped',
      body: expect.stringContaining('a configuration that would pass unread') as string,
    }),
  );
});
