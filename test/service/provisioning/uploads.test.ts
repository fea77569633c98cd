import { expect, test } from 'vitest';
import {
  readPhoneLogs,
  readPhoneLogText,
  savePhoneLog,
  type PhoneLog,
} from '../../../appliance/store/phone-logs.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { systemClock } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { hostile } from '../../support/hostile-cloud.ts';
import { fixtureBytes, sendBytes, sendFixture } from '../../support/phone-http.ts';
import { bootPhone } from '../../support/phone-provisioning.ts';
import { startSite, type ProvisioningSite } from '../../support/provisioning.ts';

const mac = '00:04:f2:aa:bb:02';
const plainMac = mac.replaceAll(':', '');
const agent = 'User-Agent: FileTransport PolycomVVX-VVX_500-UA/5.9.7.4477\r\n';

function logsOf({ directory }: Pick<ProvisioningSite, 'directory'>): (PhoneLog & { text: string })[] {
  using reader = openReader(directory, 'provisioning');
  if (reader === undefined) return [];
  const { db } = reader;
  return readPhoneLogs(db, mac).map((log) => ({
    ...log,
    text: readPhoneLogText(db, mac, log.id)?.toString() ?? '',
  }));
}

async function put(url: string, file: string, body: string): Promise<number> {
  const head = `PUT /${file} HTTP/1.1\r\nHost: x\r\n${agent}Content-Length: ${body.length}\r\n\r\n`;
  return (await sendBytes(Buffer.from(head + body), { url })).status;
}

test("a Poly phone's log is kept with its name and time, without its one-time path, and does not leave the box", async () => {
  await using site = await startSite();
  const phone = await bootPhone({ vendor: 'poly', mac, url: `${site.url}/` });
  const sent = `Starting to provision from ${phone.url}\nreg.1.auth.password="${phone.account?.password}"\n`;
  expect(await put(site.url, `${plainMac}-app.log`, sent)).toBe(200);
  const answer = await sendFixture({ fixture: 'poly-4-log', url: phone.url, mac, ca: phone.trusted });
  expect(answer.status).toBe(200);
  const [second, first] = logsOf(site);
  expect(first).toMatchObject({ name: `${plainMac}-app.log`, ip: '127.0.0.1', sent: sent.length });
  expect(first?.text).toMatch(
    /^Starting to provision from https:\/\/.*\/\.\.\.\/lang_en\/\nreg\.1\.auth\.password=\.\.\.\n$/,
  );
  expect(second?.text).toContain('Starting to provision from server');
  expect(site.cloud.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  expect(site.part.counters()).toMatchObject({ logs_kept: 2, logs_forwarded: 0 });
});

test.each([`${plainMac}-directory.xml`, `${plainMac}-calls.xml`, `${plainMac}-phone.cfg`, 'a%2eb.log'])(
  '%s is taken and thrown away: it is personal, secret or no log',
  async (file) => {
    await using site = await startSite();
    expect(await put(site.url, file, 'canary')).toBe(file.startsWith(plainMac) ? 200 : 404);
    expect(logsOf(site)).toEqual([]);
  },
);

test('of a long log the end is kept, of a phone that uploads all the time the first few', async () => {
  await using site = await startSite();
  expect(await put(site.url, `${plainMac}-app.log`, `${'x'.repeat(400_000)}end`)).toBe(200);
  const [log] = logsOf(site);
  expect(log).toMatchObject({ sent: 400_003, kept: 262_144 });
  expect(log?.text.endsWith('xend')).toBe(true);
  for (let count = 0; count < 8; count += 1)
    expect(await put(site.url, `${plainMac}-app.log`, `${count}`)).toBe(200);
  expect(logsOf(site).map(({ text }) => text.slice(-1))).toEqual(['4', '3', '2', '1', '0', 'd']);
  expect(site.part.counters()).toMatchObject({ logs_kept: 6, uploads_dropped: 3 });
});

test("beyond a phone's share and beyond that of all the oldest logs go", async () => {
  const directory = temporaryDirectory();
  const store = openStore({ directory, part: 'provisioning', clock: systemClock });
  const save = async (of: string, name: string) =>
    store.write(({ db }) =>
      savePhoneLog(
        db,
        { mac: of, name, ip: '10.0.0.1', at: 1, sent: 10, text: Buffer.alloc(10) },
        { bytesOfPhone: 40, logsOfPhone: 3, bytes: 60, logs: 5 },
      ),
    );
  const other = '00:04:f2:aa:bb:03';
  for (const name of ['1', '2', '3', '4']) await save(mac, name);
  expect(readPhoneLogs(store.db, mac).map(({ name }) => name)).toEqual(['4', '3', '2']);
  for (const name of ['5', '6', '7']) await save(other, name);
  expect(readPhoneLogs(store.db, mac).map(({ name }) => name)).toEqual(['4', '3']);
  expect(readPhoneLogs(store.db, other).map(({ name }) => name)).toEqual(['7', '6', '5']);
  store[Symbol.dispose]();
});

test('where the settings say so a log goes on as it came, once, and the phone does not wait for it', async () => {
  const bodies: string[] = [];
  await using run = await hostile(
    (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => bodies.push(body));
      if (request.method === 'GET') response.end();
    },
    { toml: 'forward_phone_logs = true' },
  );
  const { site } = run;
  expect(await put(site.url, `${plainMac}-app.log`, 'password=1')).toBe(200);
  await until('the log to arrive', () => bodies.includes('password=1') || undefined, { timeoutMs: 10_000 });
  const [asked] = run.asked;
  expect(asked).toMatchObject({ method: 'PUT', url: `/${plainMac}-app.log` });
  expect(asked?.headers).toMatchObject({ 'content-length': '10', 'user-agent': /^FileTransport/ });
  expect(logsOf(site)[0]?.text).toBe('password=...');
});

test('a HEAD never goes up, spends no path, and says what is here', async () => {
  await using site = await startSite();
  const head = async (url: string, ca: string, file: string) => {
    const get = fixtureBytes({ fixture: 'poly-3-config', url, mac, file }).toString('latin1');
    return sendBytes(Buffer.from(get.replace(/^GET (.*)/, 'HEAD $1\r\nConnection: close')), { url, ca });
  };
  const inClear = await head(`${site.url}/`, '', '000000000000.cfg');
  expect(inClear.status).toBe(200);
  expect(inClear.headers.has('content-length')).toBe(false);
  expect((await head(`${site.url}/`, '', `${plainMac}-app.log`)).status).toBe(404);
  expect(site.cloud.requests).toEqual([]);
  const phone = await bootPhone({ vendor: 'poly', mac, url: `${site.url}/` });
  const asked = site.cloud.requests.length;
  expect((await head(phone.url, phone.trusted, '000000000000.cfg')).status).toBe(200);
  expect((await head(phone.url, phone.trusted, 'never-asked.cfg')).status).toBe(404);
  expect(site.cloud.requests).toHaveLength(asked);
  expect(site.cloud.violations).toEqual([]);
});
