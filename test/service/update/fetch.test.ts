/** A release over HTTPS, from servers that are good, slow, old or hostile. */
import { createReadStream, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { fetchRelease } from '../../../appliance/update/fetch.ts';
import { announcementName, revocationsName } from '../../../appliance/update/names.ts';
import { RefusedUpdateError } from '../../../appliance/update/refusal.ts';
import { revoke } from '../../../image/release/signing.ts';
import { newCloudAuthority } from '../../cloud/certificates.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { writePayload } from '../../support/payload.ts';
import { newMaker, trustIn } from '../../support/release.ts';

let ca: string;
let tls: { key: string; cert: string };
beforeAll(async () => {
  const authority = await newCloudAuthority();
  ca = authority.ca;
  tls = await authority.certificateFor(['127.0.0.1']);
});

const maker = newMaker();
/** True: it has answered. */
type Spoil = (request: IncomingMessage, response: ServerResponse, file: string) => boolean;

/** Serves a payload below `/releases/`; `spoil` answers what it returns true for. */
async function publish(spoil: { now?: Spoil } = {}) {
  const directory = temporaryDirectory();
  const payload = join(directory, 'server');
  const manifest = writePayload(payload, maker);
  const asked: string[] = [];
  const server = createServer(tls, (request, response) => {
    const { range } = request.headers;
    asked.push(`${request.url ?? ''}${range === undefined ? '' : ` ${range}`}`);
    const file = join(payload, (request.url ?? '').replace(/^\/releases\//, ''));
    if (spoil.now?.(request, response, file) === true) return;
    if (!existsSync(file)) response.writeHead(404).end('<html>not here</html>');
    else serve(response, file, range);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const folder = join(directory, 'incoming');
  const source = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/releases/`,
    ca: [ca],
    release: '0.1.0',
  };
  const fetching = {
    folder,
    architecture: 'amd64',
    trust: { ...trustIn(maker), revocationsNumber: 0 },
    requireWanted: () => undefined,
  };
  return {
    payload,
    manifest,
    folder,
    source,
    fetching,
    asked,
    names: manifest.files.map(({ name }) => name),
  };
}

function serve(response: ServerResponse, file: string, range: string | undefined): void {
  const { size } = statSync(file);
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  if (range === undefined) response.writeHead(200, { 'content-length': size });
  else
    response.writeHead(206, {
      'content-range': `bytes ${start}-${size - 1}/${size}`,
      'content-length': size - start,
    });
  createReadStream(file, { start }).pipe(response);
}

it('a release is fetched whole, its announcement last', async () => {
  const site = await publish();
  expect(await fetchRelease(site.source, site.fetching)).toEqual(site.manifest);
  expect(readdirSync(site.folder).toSorted()).toEqual([announcementName('amd64'), ...site.names].toSorted());
  for (const name of site.names)
    expect(readFileSync(join(site.folder, name)).equals(readFileSync(join(site.payload, name)))).toBe(true);
  // Once more: what is here is not fetched again.
  site.asked.length = 0;
  await fetchRelease(site.source, site.fetching);
  expect(site.asked).toEqual([`/releases/${revocationsName}`, `/releases/${announcementName('amd64')}`]);
});

it('a download that was cut goes on where it ended', async () => {
  const spoil: { now?: Spoil } = {};
  const site = await publish(spoil);
  const [first = ''] = site.names;
  spoil.now = (request, response, file) => {
    if (!file.endsWith(first)) return false;
    response.writeHead(200, { 'content-length': 3_000_000 });
    response.write(readFileSync(file).subarray(0, 1_000_000), () =>
      setTimeout(() => request.socket.destroy(), 50),
    );
    return true;
  };
  await expect(fetchRelease(site.source, site.fetching)).rejects.toThrow('127.0.0.1: ');
  const present = statSync(join(site.folder, `${first}.part`)).size;
  expect(present).toBeGreaterThan(0);
  delete spoil.now;
  site.asked.length = 0;
  await fetchRelease(site.source, site.fetching);
  expect(site.asked).toContain(`/releases/${first} bytes=${present}-`);
});

it('a server that can not go on is asked for the whole', async () => {
  const spoil: { now?: Spoil } = {
    now: (_request, response, file) => {
      if (existsSync(file)) serve(response, file, undefined);
      return existsSync(file);
    },
  };
  const site = await publish(spoil);
  await fetchRelease(site.source, site.fetching);
  const [first = ''] = site.names;
  const whole = readFileSync(join(site.folder, first));
  const again = join(temporaryDirectory(), 'incoming');
  const fetching = { ...site.fetching, folder: again };
  await fetchRelease(site.source, {
    ...fetching,
    requireWanted: () => writeFileSync(join(again, `${first}.part`), 'old'),
  });
  expect(readFileSync(join(again, first)).equals(whole)).toBe(true);
});

it.each([
  ['longer than its release says', 3_000_001],
  ['shorter than its release says', 5],
  ['another one', 3_000_000],
])('a file that is %s is refused', async (_title, size) => {
  const spoil: { now?: Spoil } = {};
  const site = await publish(spoil);
  spoil.now = (_request, response, file) => {
    if (!file.endsWith('.efi')) return false;
    response.writeHead(200).end(Buffer.alloc(size));
    return true;
  };
  await expect(fetchRelease(site.source, site.fetching)).rejects.toThrow(/shorter|not the file|more than/);
  expect(existsSync(join(site.folder, announcementName('amd64')))).toBe(false);
});

/** Answers everything so. */
function always(status: number, headers: Record<string, string> = {}): { now: Spoil } {
  return {
    now: (_request, response) => {
      response.writeHead(status, headers).end();
      return true;
    },
  };
}

it('a redirect is not followed', async () => {
  const site = await publish(always(302, { location: 'https://198.51.100.1/' }));
  await expect(fetchRelease(site.source, site.fetching)).rejects.toThrow('answers 302');
});

it('a server whose certificate nobody knows is not believed', async () => {
  const site = await publish();
  await expect(fetchRelease({ ...site.source, ca: [] }, site.fetching)).rejects.toThrow('not trusted');
});

function refuseAll(): never {
  throw new RefusedUpdateError('same_version', 'it runs');
}

it('a release that is not wanted is not fetched', async () => {
  const site = await publish();
  const fetching = { ...site.fetching, requireWanted: refuseAll };
  await expect(fetchRelease(site.source, fetching)).rejects.toMatchObject({
    code: 'same_version',
  });
  expect(site.asked).toHaveLength(2);
});

it('a list of revoked keys beside the release counts at once', async () => {
  const site = await publish();
  writeFileSync(join(site.payload, revocationsName), JSON.stringify(revoke([maker.keyId], maker.root)));
  await expect(fetchRelease(site.source, site.fetching)).rejects.toMatchObject({ code: 'revoked_key' });
  expect(existsSync(join(site.folder, revocationsName))).toBe(true);
});

it('what an earlier release left in the folder goes', async () => {
  const site = await publish();
  await fetchRelease(site.source, site.fetching);
  writeFileSync(join(site.folder, 'gatehouse_0.1.5.efi.part'), 'x');
  await fetchRelease(site.source, site.fetching);
  expect(readdirSync(site.folder)).not.toContain('gatehouse_0.1.5.efi.part');
});

it('where no release is announced there is none', async () => {
  const site = await publish(always(404));
  expect(await fetchRelease(site.source, site.fetching)).toBeUndefined();
});
