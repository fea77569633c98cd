/** Posting to services that behave badly: bounded in time and size, and the reason in words. */
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { openHttpsPoster, type HttpsPoster } from '../../../appliance/net/https-post.ts';
import { newCloudAuthority } from '../../cloud/certificates.ts';
import { temporaryDirectory } from '../../support/directory.ts';

let ca: string;
let tls: { key: string; cert: string };

beforeAll(async () => {
  const authority = await newCloudAuthority();
  ca = authority.ca;
  tls = await authority.certificateFor(['127.0.0.1']);
});

async function serving(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function posterTo(url: string): HttpsPoster {
  const extraCaFile = join(temporaryDirectory(), 'ca.pem');
  writeFileSync(extraCaFile, ca);
  const poster = openHttpsPoster({
    url,
    extraCaFile,
    timeoutMs: 700,
    maxAnswerBytes: 1000,
    maxConnections: 2,
  });
  onTestFinished(() => poster[Symbol.dispose]());
  return poster;
}

const message = (signal = new AbortController().signal) => ({
  headers: { authorization: 'Bearer canary' },
  body: Buffer.from('{"a":1}'),
  signal,
});

it('a good exchange gives status, headers and body, below the prefix of the URL', async () => {
  const seen: string[] = [];
  const url = await serving((request, response) => {
    seen.push(
      `${request.method} ${request.url} ${request.headers['content-length']} ${request.headers.authorization}`,
    );
    response.writeHead(201, { 'Retry-After': '7' }).end('fine');
  });
  const answer = await posterTo(`${url}/site/`).post('/v1/journal', message());
  expect(answer).toMatchObject({ status: 201, body: 'fine', headers: { 'retry-after': '7' } });
  expect(seen).toEqual(['POST /site/v1/journal 7 Bearer canary']);
});

it('a service that never answers, or never ends its answer, is given up in time', async () => {
  const silent = await serving(() => undefined);
  await expect(posterTo(silent).post('/', message())).rejects.toThrow(
    `cannot reach ${silent}: no answer within 1 s`,
  );
  const dripping = await serving((_request, response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write('.'), 50);
    response.once('close', () => clearInterval(drip));
  });
  await expect(posterTo(dripping).post('/', message())).rejects.toThrow(/no answer within 1 s/);
});

it('an answer without end is cut off, and its status counts', async () => {
  const url = await serving((_request, response) => {
    response.writeHead(200);
    const pour = () => {
      while (response.write('x'.repeat(10_000)));
      response.once('drain', pour);
    };
    pour();
  });
  const answer = await posterTo(url).post('/', message());
  expect(answer.status).toBe(200);
  expect(answer.body.length).toBeLessThanOrEqual(1000);
});

it('a redirect is an answer like any other: the token goes nowhere else', async () => {
  const url = await serving((_request, response) => {
    response.writeHead(307, { location: 'https://127.0.0.1:1/elsewhere' }).end();
  });
  expect((await posterTo(url).post('/', message())).status).toBe(307);
});

it('a name that nobody knows and a port that nobody serves are told apart', async () => {
  await expect(posterTo('https://nobody.invalid').post('/', message())).rejects.toThrow(
    /nobody\.invalid: (its name is not known|DNS does not answer)/,
  );
  await expect(posterTo('https://127.0.0.1:1').post('/', message())).rejects.toThrow(
    /the connection is refused \(ECONNREFUSED\)/,
  );
});

it('a certificate for another name is not trusted', async () => {
  const url = await serving((_request, response) => response.end());
  await expect(posterTo(url.replace('127.0.0.1', 'localhost')).post('/', message())).rejects.toThrow(
    /its certificate is not trusted/,
  );
});

it('is given up when its owner stops', async () => {
  const url = await serving(() => undefined);
  const stop = new AbortController();
  const posting = posterTo(url).post('/', message(stop.signal));
  setTimeout(() => stop.abort(), 50);
  await expect(posting).rejects.toThrow(/abort/i);
});

it('plain http is refused from the start', () => {
  expect(() => posterTo('http://127.0.0.1')).toThrow(/only https/);
});
