import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { createServer, connect } from 'node:tls';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newServer } from '../../../appliance/net/authority-certificates.ts';
import { ensureAuthority, serverIdentity } from '../../../appliance/net/authority.ts';

const address = '127.0.0.1';
const clock = { now: () => Date.parse('2026-12-01T00:00:00Z') };
const day = 86_400_000;

let state = '';
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'gatehouse-authority-'));
});
afterEach(() => {
  rmSync(state, { recursive: true, force: true });
});

/** Resolves with the name the client accepted, or rejects with what OpenSSL said. */
async function handshake(server: { cert: string; key: string }, ca: string): Promise<string> {
  const listening = createServer(server).listen(0, address);
  await once(listening, 'listening');
  const bound = listening.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  try {
    const client = connect({ host: address, port: bound.port, ca });
    await once(client, 'secureConnect');
    const { subjectaltname = '' } = client.getPeerCertificate();
    client.destroy();
    return subjectaltname;
  } finally {
    listening.close();
  }
}

test('a client that trusts only the site authority accepts the box by its address', async () => {
  await ensureAuthority(state, address, clock);
  const { ca, cert, key } = serverIdentity(state, address);
  await expect(handshake({ cert, key }, ca)).resolves.toBe('IP Address:127.0.0.1');
});

test('certificates are valid from before the image was built, however late the box is set up', async () => {
  await ensureAuthority(state, address, clock);
  const { ca, cert } = serverIdentity(state, address);
  for (const pem of [ca, cert])
    expect(Date.parse(new X509Certificate(pem).validFrom)).toBe(Date.UTC(2025, 0, 1));
});

test('a certificate for another address or for any host name is refused although the authority signed it', async () => {
  await ensureAuthority(state, address, clock);
  const authority = {
    ca: readFileSync(join(state, 'authority/1/ca.pem'), 'utf8'),
    caKey: readFileSync(join(state, 'authority/1/ca.key'), 'utf8'),
  };
  const other = await newServer(authority, '10.1.2.3', new Date(clock.now() + day));
  await expect(handshake(other, authority.ca)).rejects.toThrow(/permitted subtree violation/);
  const named = await forgedByOpenssl();
  await expect(handshake(named, authority.ca)).rejects.toThrow(/excluded subtree violation/);
});

async function forgedByOpenssl(): Promise<{ cert: string; key: string }> {
  const folder = join(state, 'authority/1');
  const script = `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout forged.key -subj '/CN=forged' -out forged.csr &&
    printf 'subjectAltName=DNS:login.example' > forged.ext &&
    openssl x509 -req -in forged.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile forged.ext -out forged.pem`;
  await promisify(execFile)('sh', ['-c', script], { cwd: folder });
  return {
    cert: readFileSync(join(folder, 'forged.pem'), 'utf8'),
    key: readFileSync(join(folder, 'forged.key'), 'utf8'),
  };
}

test('private keys are readable by the owner only', async () => {
  await ensureAuthority(state, address, clock);
  const modeOf = (name: string) => statSync(join(state, 'authority/1', name)).mode & 0o777;
  expect(modeOf('ca.key')).toBe(0o600);
  // Parts that run as users of their own share a group for it.
  expect(modeOf('server.key')).toBe(0o640);
});

test('asking again changes nothing', async () => {
  await ensureAuthority(state, address, clock);
  const before = serverIdentity(state, address);
  await ensureAuthority(state, address, clock);
  expect(serverIdentity(state, address)).toEqual(before);
  expect(readdirSync(join(state, 'authority'))).toEqual(['1']);
});

test('processes that start at once end with one identity and leave nothing half made', async () => {
  const script = `
    import { ensureAuthority, serverIdentity } from ${JSON.stringify(join(import.meta.dirname, '../../../appliance/net/authority.ts'))};
    await ensureAuthority(${JSON.stringify(state)}, '${address}', { now: () => ${clock.now()} });
    console.log(JSON.stringify(serverIdentity(${JSON.stringify(state)}, '${address}')));`;
  const starts = await Promise.all(
    [1, 2, 3, 4].map(async () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]),
    ),
  );
  expect(new Set(starts.map(({ stdout }) => stdout)).size).toBe(1);
  expect(readdirSync(join(state, 'authority'))).toEqual(['1']);
});

test('another address makes another authority, since the old one may not vouch for it', async () => {
  await ensureAuthority(state, address, clock);
  const before = serverIdentity(state, address);
  await ensureAuthority(state, '10.66.0.1', clock);
  const after = serverIdentity(state, '10.66.0.1');
  expect(serverIdentity(state, address)).toEqual(before);
  expect(after.ca).not.toBe(before.ca);
  expect(new X509Certificate(after.cert).subjectAltName).toBe('IP Address:10.66.0.1');
  expect(new X509Certificate(after.cert).verify(new X509Certificate(after.ca).publicKey)).toBe(true);
});

test('the server certificate is renewed half a year before its end, by the same authority', async () => {
  await ensureAuthority(state, address, clock);
  const before = serverIdentity(state, address);
  const end = Date.parse(new X509Certificate(before.cert).validTo);
  await ensureAuthority(state, address, { now: () => end - 181 * day });
  expect(serverIdentity(state, address)).toEqual(before);
  await ensureAuthority(state, address, { now: () => end - 179 * day });
  const after = serverIdentity(state, address);
  expect(after.ca).toBe(before.ca);
  expect(after.cert).not.toBe(before.cert);
});

test('a box that lost its time makes certificates that are good for years all the same', async () => {
  await ensureAuthority(state, address, { now: () => 0 });
  expect(Date.parse(new X509Certificate(serverIdentity(state, address).cert).validTo)).toBeGreaterThan(
    Date.UTC(2028, 0, 1),
  );
});

test('without an authority the identity is refused in words', () => {
  expect(() => serverIdentity(state, address)).toThrow(/no server certificate for 127\.0\.0\.1 in .* yet/);
});

test('a user who may not read the keys finds the authority good, and is refused when something is to be made', async () => {
  await ensureAuthority(state, address, clock);
  chmodSync(state, 0o755);
  const program = (now: number) => `
    import { ensureAuthority, serverCertificates } from ${JSON.stringify(join(import.meta.dirname, '../../../appliance/net/authority.ts'))};
    process.setegid(65534); process.seteuid(65534);
    await ensureAuthority(${JSON.stringify(state)}, '${address}', { now: () => ${now} });
    console.log(serverCertificates(${JSON.stringify(state)}, '${address}').ca);`;
  const asNobody = (now: number) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', program(now)]);
  expect((await asNobody(clock.now())).stdout).toContain(serverIdentity(state, address).ca.trim());
  const muchLater = clock.now() + 5 * 365 * day;
  await expect(asNobody(muchLater)).rejects.toThrow(/EACCES/);
});

test('an authority that was made while the clock stood far ahead gives way to the one that phones trust', async () => {
  await ensureAuthority(state, address, clock);
  const trusted = serverIdentity(state, address);
  const far = { now: () => Date.parse('2099-01-01T00:00:00Z') };
  await ensureAuthority(state, address, far);
  expect(serverIdentity(state, address).ca).not.toBe(trusted.ca);
  await ensureAuthority(state, address, clock);
  const { ca, cert, key } = serverIdentity(state, address);
  expect(ca).toBe(trusted.ca);
  await expect(handshake({ cert, key }, trusted.ca)).resolves.toBe('IP Address:127.0.0.1');
  const made = readdirSync(join(state, 'authority')).length;
  await ensureAuthority(state, address, clock);
  expect(readdirSync(join(state, 'authority'))).toHaveLength(made);
});
