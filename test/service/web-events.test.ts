/** The live stream of the page, read as a browser reads it. */
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { maxWatchers } from '../../appliance/web/live.ts';
import { ask, eventsUntil, openPage, type ServerEvent } from '../support/page.ts';
import { placedPhone } from '../support/site.ts';

const mac = '00:15:65:aa:00:01';
const ip = '10.66.0.100';

const isRow = ({ event, data }: ServerEvent) =>
  event === 'journal' && JSON.stringify(data).includes('"part":"provisioning"');
const isConfigured = ({ event, data }: ServerEvent) =>
  event === 'phones' && JSON.stringify(data).includes('"stage":"configured"');

describe('the live stream', () => {
  it('begins with the whole picture', async () => {
    const { site, url } = await openPage();
    await placedPhone(site, mac, ip);
    const events = await eventsUntil(url, (seen) => seen.some(({ event }) => event === 'calls'));
    const picture = events.filter(({ event }) => event !== 'journal');
    expect(picture.map(({ event }) => event)).toEqual(['status', 'phones', 'calls']);
    expect(picture[1]?.data).toMatchObject({ changed: [{ mac, stage: 'placed' }], gone: [] });
  });

  it('tells journal rows and the changed phone as they are committed', async () => {
    const { site, url } = await openPage();
    await site.lease(mac, ip, { vendor: 'yealink' });
    const events = await eventsUntil(
      url,
      (seen) => seen.some(isConfigured) && seen.some(isRow),
      async () => {
        await site.configuration(mac, ip);
        await site.write('provisioning', (tx) =>
          tx.journal({ kind: 'started', mac, body: { release: 'x' } }),
        );
      },
    );
    expect(events.find(isRow)?.data).toMatchObject({
      part: 'provisioning',
      seq: 1,
      kind: 'started',
      mac,
    });
  });

  it('tells that a call began and ended', async () => {
    const { site, url } = await openPage();
    await site.lease(mac, ip, { vendor: 'yealink' });
    const events = await eventsUntil(
      url,
      (seen) => seen.some(({ data }) => JSON.stringify(data).includes('"stage":"in call"')),
      async () => await site.call(mac),
    );
    expect(events.filter(({ event }) => event === 'calls').at(-1)?.data).toMatchObject({
      calls: [{ mac, state: 'up' }],
    });
  });

  it('takes a bounded number of browsers, and a place is free again when one goes', async () => {
    const { web, url } = await openPage();
    const abort = new AbortController();
    const open = await Promise.all(
      Array.from(
        { length: maxWatchers },
        async () => await fetch(`${url}/api/events`, { signal: abort.signal }),
      ),
    );
    expect(open.every(({ status }) => status === 200)).toBe(true);
    expect((await fetch(`${url}/api/events`)).status).toBe(503);
    expect(web.counters()).toMatchObject({ streams: maxWatchers, streams_refused: 1 });
    abort.abort();
    await expect.poll(() => web.counters()['streams']).toBe(0);
  });
});

it('who asks for the head alone is answered, and watches nothing', async () => {
  const { web, url } = await openPage();
  const { status, headers } = await fetch(`${url}/api/events`, { method: 'HEAD' });
  expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  expect(web.counters()).toMatchObject({ streams: 0 });
  const socket = connect(web.address.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const head = 'HEAD /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n';
  socket.write(`${head}GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  let heard = '';
  socket.on('data', (bytes) => (heard += bytes.toString()));
  // The next answer of the same connection.
  await expect.poll(() => heard, { timeout: 10_000 }).toContain('"parts":');
});

it('a browser that does not read what it is told is cut off', async () => {
  const { site, web, url } = await openPage();
  const writeRow = async (count: number) =>
    await site.write('provisioning', (tx) => {
      for (let at = 0; at < count; at += 1) {
        tx.journal({ kind: 'started', body: { release: `${at} ${'x'.repeat(500)}` } });
      }
    });
  await eventsUntil(
    url,
    (seen) => seen.some(isRow),
    async () => await writeRow(1),
  );
  await expect.poll(() => web.counters()['streams']).toBe(0);
  const socket = connect(web.address.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await expect.poll(() => web.counters()['streams']).toBe(1);
  await writeRow(40_000);
  await expect.poll(() => web.counters()['streams'], { timeout: 10_000 }).toBe(0);
  expect((await ask({ port: web.address.port }, '/healthz')).status).toBe(503);
  socket.destroy();
});
