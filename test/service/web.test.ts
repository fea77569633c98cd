import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startWeb } from '../../appliance/web/server.ts';
import { parseConfig } from '../../appliance/config.ts';
import { saveCardWatch, saveOtherServer } from '../../appliance/store/other-servers.ts';
import { openWorld } from '../../appliance/world.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { ask, openPage } from '../support/page.ts';
import { placedPhone, reportAll } from '../support/site.ts';

const mac = '00:15:65:aa:00:01';
const ip = '10.66.0.100';

it('the API tells how full each network is, what is set aside in it, and which other DHCP servers answer', async () => {
  const networks = `[dhcp]
mode = "server"
subnet = "127.0.0.0/24"
pool = ["127.0.0.100", "127.0.0.109"]
routers = ["127.0.0.1"]
known_servers = ["10.0.0.8"]
[[dhcp.network]]
subnet = "127.0.1.0/24"
pools = [["127.0.1.10", "127.0.1.19"], ["127.0.1.30", "127.0.1.34"]]
routers = ["127.0.1.1"]
`;
  const { site, url } = await openPage(networks);
  await site.lease(mac, '127.0.0.100');
  await site.lease('00:15:65:aa:00:02', '127.0.0.101', { state: 'declined' });
  await site.lease('00:15:65:aa:00:03', '127.0.0.102', { expires_at: Date.now() - 1 });
  await site.lease('00:15:65:aa:00:04', '127.0.1.30');
  const seen = { card: 'eth0', firstSeenAt: 1, lastSeenAt: 2, isPresent: true };
  await site.write('dhcp', ({ db }) => {
    saveCardWatch(db, { card: 'eth0', isOn: true });
    saveCardWatch(db, { card: 'eth1', isOn: false });
    saveOtherServer(db, { ...seen, address: '10.0.0.8' });
    saveOtherServer(db, { ...seen, address: '10.0.0.9', url: 'http://elsewhere.example/' });
  });
  const { dhcp } = (await (await fetch(`${url}/api/status`)).json()) as { dhcp: unknown };
  expect(dhcp).toEqual({
    mode: 'server',
    unwatched: ['eth1'],
    networks: [
      { subnet: '127.0.0.0/24', addresses: 10, bound: 1, setAside: 1 },
      { subnet: '127.0.1.0/24', addresses: 15, bound: 1, setAside: 0 },
    ],
    otherServers: [
      { ...seen, address: '10.0.0.8', isKnown: true },
      { ...seen, address: '10.0.0.9', isKnown: false, url: 'http://elsewhere.example/' },
    ],
  });
});

describe('the API', () => {
  it('tells a phone with its stage, by its MAC in any spelling', async () => {
    const { site, url } = await openPage();
    await placedPhone(site, mac, ip);
    const { phones } = (await (await fetch(`${url}/api/phones`)).json()) as { phones: unknown[] };
    expect(phones).toMatchObject([{ mac, ip, stage: 'placed', vendorName: 'Yealink', place: 'room 301' }]);
    const one = await fetch(`${url}/api/phones/00-15-65-AA-00-01`);
    expect(await one.json()).toMatchObject({ ...(phones[0] as object), onboarding: { stage: 'signed in' } });
    expect((await fetch(`${url}/api/phones/00-15-65-AA-00-99`)).status).toBe(404);
    expect((await fetch(`${url}/api/phones/none`)).status).toBe(400);
  });

  it('works on a site of which nobody has written anything yet', async () => {
    const { url } = await openPage();
    expect(await (await fetch(`${url}/api/phones`)).json()).toEqual({ phones: [] });
    expect(await (await fetch(`${url}/api/calls`)).json()).toEqual({ calls: [] });
    expect(await (await fetch(`${url}/api/status`)).json()).toMatchObject({
      troubles: [{ severity: 'problem', text: expect.stringContaining('not running') as string }],
    });
  });

  it('tells parts, troubles, and the switch port that the box itself hears', async () => {
    const { site, url } = await openPage('[provisioning]\nallow_cleartext = ["cisco"]\n[web]\nport = 0\n');
    reportAll(site);
    site.report('location', { state: 'degraded', reason: 'switch a is silent' }, { polls: 4 });
    await site.neighbor();
    const status = (await (await fetch(`${url}/api/status`)).json()) as { parts: { name: string }[] };
    expect(status).toMatchObject({
      ownPorts: [{ switchName: 'first floor', port: 'Gi1/0/1' }],
      allowCleartext: ['cisco'],
      troubles: [{ part: 'location' }, { text: expect.stringContaining('Cisco') as string }],
    });
    expect(status.parts.find((part) => part.name === 'location')).toMatchObject({
      isRunning: true,
      counters: { polls: 4 },
    });
  });

  it('gives the journal page by page, one part after a number', async () => {
    const { site, url } = await openPage();
    for (const release of ['1', '2', '3']) {
      await site.write('dhcp', (tx) => tx.journal({ kind: 'started', body: { release } }));
    }
    const rows = async (query: string) =>
      (await (await fetch(`${url}/api/journal?${query}`)).json()) as { rows: unknown[] };
    expect(await rows('part=dhcp&after=1&limit=1')).toMatchObject({
      rows: [{ part: 'dhcp', seq: 2, kind: 'started', body: { release: '2' } }],
    });
    expect((await rows('part=dhcp')).rows).toHaveLength(3);
    expect((await rows('limit=2')).rows).toHaveLength(2);
  });

  it.each([
    ['a number without a part', '/api/journal?after=3', 400],
    ['a part that there is not', '/api/journal?part=nowhere', 400],
    ['a limit too large', '/api/journal?limit=5000', 400],
    ['a query that is not known', '/api/journal?foo=1', 400],
    ['a path that there is not', '/api/secret', 404],
    ['a path that climbs', '/page/../../server.ts', 404],
    ['an encoded path that climbs', '/page/%2e%2e%2fserver.ts', 404],
    ['a MAC too long', `/api/phones/${'a'.repeat(300)}`, 414],
  ])('%s is refused with JSON', async (_title, path, status) => {
    const { web } = await openPage();
    const answer = await ask({ port: web.address.port }, path);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { message: expect.any(String) as string } });
  });

  it('answers malformed HTTP and goes on', async () => {
    const { web, url } = await openPage();
    for (const text of [
      'GARBAGE\r\n\r\n',
      'GET / HTTP/1.1\r\nHost\r\n\r\n',
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
    ]) {
      const socket = connect(web.address.port, '127.0.0.1');
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket
        .on('error', () => undefined)
        .resume()
        .end(text);
      await closed;
    }
    expect((await fetch(`${url}/api/status`)).status).toBe(200);
  });

  it('describes itself, and every path that it describes answers', async () => {
    const { url } = await openPage();
    const { paths } = (await (await fetch(`${url}/api/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { responses: object }>>;
    };
    expect(Object.keys(paths)).toContain('/api/phones/{mac}');
    for (const [path, { get, post }] of Object.entries(paths)) {
      if (path === '/api/events') continue;
      expect(Object.keys((get ?? post)?.responses ?? {})).toContain('200');
      if (get === undefined) continue;
      const { status } = await fetch(`${url}${path.replace('{mac}', mac).replace('{id}', '1')}`);
      expect([200, 401, 404, 503]).toContain(status);
    }
  });

  it('says for a monitor whether every part works', async () => {
    const { site, url } = await openPage();
    expect((await fetch(`${url}/healthz`)).status).toBe(503);
    reportAll(site);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    site.report('sip', { state: 'failed', reason: 'x' });
    expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({
      state: 'failed',
      parts: { sip: 'failed', rtp: 'ok' },
    });
  });

  it('has metrics for Prometheus', async () => {
    const { site, url } = await openPage();
    await placedPhone(site, mac, ip);
    site.report('sip', { state: 'ok' }, { malformed: 7 });
    const answer = await fetch(`${url}/metrics`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await answer.text();
    expect(text).toContain('gatehouse_phones{stage="placed"} 1');
    expect(text).toContain('gatehouse_sip_malformed 7');
  });
});

describe('who may ask', () => {
  it('a foreign name in Host is refused, counted and told in the journal', async () => {
    const { web, url } = await openPage();
    const answer = await ask({ port: web.address.port }, '/api/phones', { host: 'evil.example' });
    expect(answer.status).toBe(403);
    expect(web.counters()).toMatchObject({ refused: 1 });
    const { rows } = (await (await fetch(`${url}/api/journal?part=web`)).json()) as { rows: unknown[] };
    expect(rows).toMatchObject([
      { kind: 'started' },
      { kind: 'foreign_host', body: { host: 'evil.example' } },
    ]);
  });

  it('foreign names without end are refused, and told now and then', async () => {
    const { web, url } = await openPage();
    const asked = 200;
    for (let at = 0; at < asked; at += 1)
      await ask({ port: web.address.port }, '/', { host: `a${at}.example` });
    expect(web.counters()).toMatchObject({ refused: asked });
    const { rows } = (await (await fetch(`${url}/api/journal?part=web`)).json()) as { rows: unknown[] };
    expect(rows.length).toBeLessThan(50);
  });

  it('a page of another site is refused, whatever it asks for', async () => {
    const { web } = await openPage();
    for (const path of ['/api/phones', '/api/events', '/metrics']) {
      expect((await ask({ port: web.address.port }, path, { 'sec-fetch-site': 'cross-site' })).status).toBe(
        403,
      );
    }
  });

  it('every answer, also a refusal, bears the security headers', async () => {
    const { web } = await openPage();
    const port = web.address.port;
    for (const answer of [
      await ask({ port }, '/'),
      await ask({ port }, '/api/status'),
      await ask({ port }, '/nowhere'),
      await ask({ port }, '/', { host: 'evil.example' }),
    ]) {
      expect(answer.headers).toMatchObject({
        'content-security-policy': expect.stringContaining("default-src 'none'") as string,
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
    }
  });

  it('the Unix socket answers its owner and group only', async () => {
    const socketPath = join(temporaryDirectory(), 'web.sock');
    await openPage(`[web]\nport = 0\nsocket = "${socketPath}"\n`);
    expect(statSync(socketPath).mode & 0o777).toBe(0o660);
    expect((await ask({ socketPath }, '/api/status', { host: 'localhost' })).status).toBe(200);
    expect((await ask({ socketPath }, '/api/status', { host: 'evil.example' })).status).toBe(403);
  });

  it('a socket left by a killed box is replaced, one in use is not taken', async () => {
    const socketPath = join(temporaryDirectory(), 'web.sock');
    const more = `[web]\nport = 0\nsocket = "${socketPath}"\n`;
    await openPage(more);
    await expect(openPage(more)).rejects.toThrow(/in use: another program listens there/);
  });

  it('names and numbers of people stay on the box when the page is on a network address', async () => {
    const directory = temporaryDirectory();
    const socket = join(directory, 'web.sock');
    const toml = `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}"\n[web]\naddress = "0.0.0.0"\nport = 0\nopen_reading = true\nsocket = "${socket}"\n`;
    const { site } = await openPage();
    const web = await startWeb(openWorld('silent'), {
      ...parseConfig(toml),
      site: { ...parseConfig(toml).site, state_directory: site.directory },
    });
    onTestFinished(async () => await web[Symbol.asyncDispose]());
    await placedPhone(site, mac, ip);
    await site.lease(mac, ip, { vendor: 'yealink', hostname: 'canary-of-anna' });
    await site.call(mac);
    await site.write('sip', (tx) =>
      tx.journal({ kind: 'registered', mac, body: { aor: 'sip:canary@x', transport: 'tls' } }),
    );
    for (const path of ['/api/phones', `/api/phones/${mac}`, '/api/calls', '/api/journal?part=sip']) {
      const { text } = await ask({ port: web.address.port }, path);
      expect(text).toContain(mac);
      expect(text).not.toMatch(/canary|@example\.com|\+4930/);
      expect((await ask({ socketPath: socket }, path, { host: 'localhost' })).text).toMatch(
        /canary|@example\.com/,
      );
    }
  });
});

describe('the page', () => {
  it('comes with its files, each with its type, and is not sent twice', async () => {
    const { url } = await openPage();
    const page = await fetch(url);
    const html = await page.text();
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|style="/);
    const files = Array.from(html.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g), (found) => found[1] ?? '');
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const answer = await fetch(`${url}${file}`);
      expect([file, answer.status]).toEqual([file, 200]);
      const again = await fetch(`${url}${file}`, {
        headers: { 'if-none-match': answer.headers.get('etag') ?? '' },
      });
      expect(again.status).toBe(304);
    }
  });
});

it('a port in use is an error that names it', async () => {
  const { web } = await openPage();
  await expect(openPage(`[web]\nport = ${web.address.port}\n`)).rejects.toMatchObject({
    code: 'EADDRINUSE',
    port: web.address.port,
  });
});
