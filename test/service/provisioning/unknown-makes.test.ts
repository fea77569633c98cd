import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { hostile } from '../../support/hostile-cloud.ts';
import { sendBytes, urlParts } from '../../support/phone-http.ts';

interface Make {
  readonly make: string;
  readonly mac: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
}

const makes = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/phones/unknown-makes.json'), 'utf8'),
) as Make[];
const odd = Buffer.from('what\0nobody\r\ncan <read>\xff\n', 'latin1');

/** All but the three that are the box's. */
const own = ([name = '']: readonly string[]) => !/^(?:host|connection|accept-encoding)$/i.test(name);

test.each(makes)('a $make, which nobody has listed, asks and is answered untouched', async (phone) => {
  await using run = await hostile((_, response) => response.writeHead(200, { ETag: '"x"' }).end(odd));
  const lines = phone.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const answer = await sendBytes(
    Buffer.from(`GET ${phone.path} HTTP/1.1\r\n${lines}\r\n`, 'latin1'),
    run.site,
  );
  expect(answer.status).toBe(200);
  expect(answer.headers.get('etag')).toBe('"x"');
  expect(answer.body.equals(odd)).toBe(true);
  const [asked] = run.asked;
  expect(asked?.url).toBe(phone.path);
  const sent = Array.from(
    { length: (asked?.rawHeaders.length ?? 0) / 2 },
    (_, at) => asked?.rawHeaders.slice(at * 2, at * 2 + 2) ?? [],
  );
  expect(sent.filter(own)).toEqual(phone.headers.filter(own));
  const passed = run.site.journal().find(({ kind }) => kind === 'configuration_passed');
  expect(passed).toMatchObject({ mac: phone.mac });
});

/** Many requests over one connection, as fast as they are taken; how often each status came. */
async function flood({ url, macs }: { url: string; macs: readonly string[] }): Promise<string[]> {
  const { host, port } = urlParts(url);
  const socket = connect({ host, port, localAddress: '127.0.0.2' });
  const agent = 'User-Agent: Yealink SIP-T46S 66.86.5.1';
  socket.end(macs.map((mac) => `GET /${mac}.boot HTTP/1.1\r\n${agent} ${mac}\r\n\r\n`).join(''));
  return (await text(socket)).match(/(?<=^HTTP\/1\.1 )\d+/gm) ?? [];
}

test('ten thousand MACs from one address: a handful is let in, the rest waits, and phones are served meanwhile', async () => {
  await using run = await hostile((_, response) => response.end('x'));
  const { url } = run.site;
  const macs = Array.from({ length: 10_000 }, (_, at) => `001565${at.toString(16).padStart(6, '0')}`);
  const flooding = (async () => {
    const statuses: string[] = [];
    for (let at = 0; at < macs.length; at += 100)
      statuses.push(...(await flood({ url, macs: macs.slice(at, at + 100) })));
    return statuses;
  })();
  const phone = Buffer.from('GET /c074ad112201.xml HTTP/1.1\r\nUser-Agent: Phone/1\r\n\r\n');
  expect((await sendBytes(phone, { url, from: '127.0.0.3' })).status).toBe(200);
  const statuses = await flooding;
  expect(statuses).toHaveLength(10_000);
  expect(statuses.filter((status) => status !== '429').length).toBeLessThan(10);
  expect(run.asked).toHaveLength(1);
  expect(run.site.part.counters().errors).toBe(0);
});
