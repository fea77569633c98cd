/** An admin with a release at the page of a box that runs an image, and root's side of it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect } from 'vitest';
import { carryOutOrders } from '../../appliance/box/carry-out.ts';
import { offerRelease, putRelease } from '../../appliance/box/page-release.ts';
import type { Outcome } from '../../appliance/store/outcomes.ts';
import { readUpdates } from '../../appliance/store/update-view.ts';
import { ended, openDesk, type Desk } from './desk.ts';
import { temporaryDirectory } from './directory.ts';
import { ask, type NetworkPage } from './page.ts';
import type { ReleaseFiles } from './payload.ts';
import { releaseDay, trustIn, type Maker } from './release.ts';

export interface ReleaseDesk extends Desk {
  readonly carryOut: () => Promise<void>;
}

/** The image of the box trusts this maker. `runs`: its version. */
export async function openReleaseDesk(
  maker: Maker,
  { directory = temporaryDirectory(), runs = '0.1.0' } = {},
): Promise<ReleaseDesk> {
  const desk = await openDesk(directory, releaseDay);
  return { ...desk, carryOut: rootOf(desk, imageOf(maker, runs)) };
}

/** Carries out what was ordered until then. `root`: of the box's image. */
export function rootOf(
  { config, clock }: Pick<NetworkPage, 'config' | 'clock'>,
  root: string,
): () => Promise<void> {
  const needs = {
    config,
    configFile: '',
    clock,
    log: pino({ enabled: false }),
    signal: new AbortController().signal,
  };
  const handlers = { 'update.offer': offerRelease(root), 'update.put': putRelease(root) };
  return async () => await carryOutOrders(needs, handlers);
}

export function imageOf(maker: Maker, version: string): string {
  const root = temporaryDirectory();
  const roots = join(root, 'usr/lib/gatehouse/update-roots');
  mkdirSync(roots, { recursive: true });
  writeFileSync(join(root, 'usr/lib/os-release'), `IMAGE_ID=gatehouse\nIMAGE_VERSION=${version}\n`);
  writeFileSync(join(roots, 'test.pub'), `${trustIn(maker).roots[0]}\n`);
  return root;
}

const isFirst = (name: string) => /\.(?:release|revocations)$/.test(name);

/** Resolves with the upload's path when what announces it is there. */
export async function begin(desk: Desk, chosen: ReleaseFiles): Promise<string> {
  const first = [...chosen].filter(([name]) => isFirst(name));
  const files = first.map(([name, bytes]) => ({ name, bytes: bytes.length }));
  const { status, body } = await desk.post('/api/update/uploads', { files });
  expect([status, body.error]).toEqual([200, undefined]);
  const path = `/api/update/uploads/${String(body['upload'])}`;
  for (const [name, bytes] of first) await send(desk, path, { name, bytes });
  return path;
}

export async function send(
  desk: Desk,
  path: string,
  { name, bytes }: { name: string; bytes: Buffer },
): Promise<void> {
  for (let at = 0; at < bytes.length; at += 2_000_000) {
    const answer = await desk.post(`${path}?name=${name}&offset=${at}`, bytes.subarray(at, at + 2_000_000));
    expect([name, answer.status, answer.body.error]).toEqual([name, 200, undefined]);
  }
}

/** `offer` or `put`, and what came of it. */
export async function ordered(desk: ReleaseDesk, path: string): Promise<Outcome> {
  const given = await desk.post(path, {});
  expect([given.status, given.body.error]).toEqual([200, undefined]);
  await desk.carryOut();
  return await ended(desk, given);
}

/** All of it, as the page does. Resolves with the end of the last order. */
export async function putIn(desk: ReleaseDesk, chosen: ReleaseFiles): Promise<Outcome> {
  const path = await begin(desk, chosen);
  const offered = await ordered(desk, `${path}/offer`);
  if (offered.state !== 'done') return offered;
  for (const [name, bytes] of chosen) if (!isFirst(name)) await send(desk, path, { name, bytes });
  return await ordered(desk, `${path}/put`);
}

export async function filesOf({ port, cookie }: Desk, path: string): Promise<unknown> {
  return (JSON.parse((await ask({ port }, path, { cookie })).text) as { files?: unknown }).files;
}

export const factsOf = ({ directory }: Desk) => readUpdates(directory);
