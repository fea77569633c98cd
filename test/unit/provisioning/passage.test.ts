import { Readable } from 'node:stream';
import { overlayValues } from '../../support/template-values.ts';
import { expect, test } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import type { Answers } from '../../../appliance/provisioning/answers.ts';
import { emptyAnswer, newCounters, type Context } from '../../../appliance/provisioning/context.ts';
import { allowedHosts } from '../../../appliance/provisioning/hosts.ts';
import { newPassage } from '../../../appliance/provisioning/passage.ts';
import { quietWorld } from '../../support/provisioning-site.ts';

const { site, provisioning } = parseConfig('[site]\naddress = "10.0.0.1"\nstate_directory = "/nowhere"');
const mac = '00:15:65:aa:bb:cc';

test('when the disk can not keep an answer the cloud is not asked: the phone would lose its one-time account', async () => {
  const asked: string[] = [];
  const full = new Error('SQLITE_FULL: database or disk is full');
  const answers: Answers = {
    reserve: async () => {
      throw full;
    },
    keep: async () => undefined,
    find: () => undefined,
    own: async () => undefined,
    ownerOf: () => undefined,
  };
  const log: string[] = [];
  const context: Context = {
    world: quietWorld(log),
    site,
    provisioning,
    hosts: allowedHosts(site, provisioning),
    vendors: {
      get: () => undefined,
      problems: () => [],
      refuse: () => undefined,
      watch: async () => undefined,
    },
    leases: { byIp: () => undefined, ipOf: () => undefined },
    store: {
      get db(): never {
        throw full;
      },
      write: async () => {
        throw full;
      },
      soon: async () => {
        throw full;
      },
      brokenFile: undefined,
      onCommit: () => ({ [Symbol.dispose]: () => undefined }),
      [Symbol.dispose]: () => undefined,
    },
    answers,
    tasks: { isBypassed: () => false },
    counters: newCounters(),
    requests: { note: () => undefined },
    flights: new Map(),
    refusals: { isSecond: () => false },
    reach: {
      isOutage: () => false,
      answers: async () => true,
      succeeded: () => undefined,
      failed: async () => false,
      unwell: () => [],
      watch: async () => undefined,
    },
    firmware: {
      answer: () => emptyAnswer(404),
      offerFor: async () => undefined,
      look: async () => undefined,
      watch: async () => undefined,
    },
    origins: () => ({ http: 'http://10.0.0.1', https: 'https://10.0.0.1' }),
    authorityAt: () => overlayValues.ca_pem,
    overlayValues: () => overlayValues,
    download: async () => {
      throw new Error('downloaded');
    },
    ask: async ({ target }) => {
      asked.push(target);
      throw new Error('asked');
    },
  };
  const answer = await newPassage(context)({
    request: {
      isSecure: true,
      method: 'GET',
      target: '/x',
      headers: [],
      remoteAddress: '10.0.0.5',
      localAddress: '10.0.0.1',
      body: Readable.from([]),
    },
    asker: { mac, vendor: 'yealink', userAgent: '', ip: '10.0.0.5', isLeased: true },
    vendor: undefined,
    upstream: { use: 'later', host: 'usea.dm.sdg.teams.microsoft.com', path: '/device/ob/canary/' },
    box: 'https://10.0.0.1',
    isBypassed: false,
    firmware: undefined,
    posture: 'full',
  });
  expect(answer.status).toBe(503);
  expect(asked).toEqual([]);
  expect(context.counters.errors).toBe(1);
  expect(log.join('')).toContain('disk is full');
  expect(log.join('')).not.toContain('canary');
});
