/** Internet or box away at each step of each make's walk: what people are told in `firmware-templates/outages.md` is what happens. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareBox, type Box } from '../office/box.ts';
import { openCloudGround, startServices, type CloudServices } from '../office/cloud-services.ts';
import { furnish, strangers, type Desks } from '../office/desks.ts';
import {
  interrupted,
  onTheWay,
  plain,
  points,
  signAllIn,
  walk,
  walkPhones,
  type Found,
  type Interruption,
} from '../office/interrupted-walk.ts';
import { buildNetwork, openWayRound, plan, type Network } from '../office/network.ts';
import { until, words } from '../support/command.ts';
import { openLab } from '../support/namespaces.ts';

/** Also what was made before something failed. */
const opened = new AsyncDisposableStack();
let network: Network;
let cloud: CloudServices;
let box: Box;
let cloudCa: string;

beforeAll(async () => {
  const lab = opened.use(openLab());
  network = opened.use(await buildNetwork(lab));
  await openWayRound(network);
  const ground = await openCloudGround(network);
  cloudCa = ground.authority.ca;
  cloud = opened.use(await startServices(network, ground));
  box = opened.use(
    prepareBox(network, {
      cloudCaFile: ground.caFile,
      cloudToken: ground.token,
      dhcp: `routers = ["${plan.gateway}"]\n`,
      pool: ['10.66.0.20', '10.66.0.199'],
      tables: '[provisioning]\nupstream_timeout_seconds = 6\n',
      parts: ['web', 'dhcp', 'provisioning'],
    }),
  );
  await box.start();
});

afterAll(() => opened.disposeAsync());

const doc = readFileSync(join(import.meta.dirname, '../../firmware-templates/outages.md'), 'utf8');

/** The rows of the table below this heading. */
function told(heading: string): string[] {
  const [, section = ''] = doc.split(`## ${heading}\n`);
  const [, table = ''] = (section.split('\n## ')[0] ?? '').split('|---|---|---|---|\n');
  return (table.split('\n\n')[0] ?? '').split('\n');
}

const makes: Readonly<Record<string, string>> = {
  yealink: 'Yealink',
  poly: 'Poly',
  cisco: 'Cisco',
  snom: 'Snom',
  audiocodes: 'AudioCodes',
  ale: 'ALE',
};

/** Phones that fared alike at a step share a row. */
function tableRows(found: readonly Found[]): string[] {
  return points.flatMap((point) => {
    const rows = new Map<string, string[]>();
    for (const one of found.filter(({ phone }) => phone.point === point)) {
      const fare = `${whatItGot(one)} | ${whatItDid(one)} |`;
      rows.set(fare, [...(rows.get(fare) ?? []), makes[one.phone.kind.vendor] ?? '']);
    }
    return Array.from(rows, ([fare, names]) => `| ${point} | ${names.join(', ')} | ${fare}`);
  });
}

function whatItGot({ phone, away, isKept }: Found): string {
  if (away.status === undefined) return 'no answer';
  if (away.status !== 200) return `${away.status}`;
  if (isKept) return 'what it got last';
  return phone.isDirect ? 'the answer of the cloud, which it asks by itself' : 'an answer';
}

function whatItDid({ phone, away, back, isKept }: Found): string {
  if (away.status === 200 && !isKept) return 'goes on';
  const after = back.status === 200 ? 'goes on' : `gets ${back.status} until it is restarted, then goes on`;
  const keeps =
    away.user === undefined
      ? 'has no account yet'
      : away.user === phone.user
        ? 'stays signed in'
        : 'keeps its first account';
  return `${keeps}; asks again and, when it is back, ${after}`;
}

async function untilIts(health: string): Promise<void> {
  let seen = '';
  const isSo = async () => {
    seen = await box.page('/healthz').catch(String);
    return (
      (JSON.parse(seen) as { parts: Record<string, string> }).parts['provisioning'] === health || undefined
    );
  };
  await until(`the box to be ${health}`, isSo, { timeoutMs: 60_000, lastSeen: () => seen });
}

/** All of a room through an interruption and to the end of their way, and how each fared. */
async function roomThrough(
  room: number,
  happens: (desks: Desks) => Interruption,
  phones = walkPhones(room),
): Promise<Found[]> {
  const kinds = phones.map(({ kind }) => kind);
  await using desks = await furnish({ network, port: room, kinds, trusted: cloudCa });
  const site = { cloud, desks, phones };
  const before = (await cloud.report()).provisioning;
  const found = await interrupted(site, happens(desks));
  const last = await signAllIn(site, found);
  expect(last).toEqual(phones.map(({ user }) => ({ status: 200, user })));
  const { accounts, violations } = (await cloud.report()).provisioning;
  const lost = found.filter(({ back }) => back.status === 410).map(({ phone }) => plain(phone.kind.mac));
  // Its first account and its last one, and one more where the first was lost; who lost it asked again, and was refused.
  expect(accounts.length - before.accounts.length).toBe(2 * phones.length + lost.length);
  const refused = violations.slice(before.violations.length);
  expect(new Set(refused)).toEqual(new Set(lost.map((mac) => `${mac} repeated a one-time request`)));
  expect(refused).toHaveLength(lost.length);
  return found;
}

interface Make {
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
}

const unknownMakes = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/phones/unknown-makes.json'), 'utf8'),
) as Make[];

/** Devices of makes that nobody has listed, each at an address that it has from somewhere else. */
async function strangersAsk(desks: Desks) {
  return desks.send(
    unknownMakes.map(({ path, headers }, at) => {
      const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      const text = `GET ${path} HTTP/1.1\r\n${lines}\r\n`;
      return { text, url: `http://${plan.box}/`, from: strangers[at] ?? '' };
    }),
  );
}

test('with the internet cut at each step, each make fares as people are told', async () => {
  const found = await roomThrough(1, (desks) => ({
    fail: async (release) => {
      await network.wan.cut();
      release();
    },
    notice: async (phone) => {
      await walk(desks, 'step', [phone]);
      await untilIts('degraded');
      expect(await strangersAsk(desks)).toEqual(unknownMakes.map(() => ({ status: 503, retryAfter: '60' })));
    },
    mend: async () => {
      await network.wan.restore();
      await untilIts('ok');
    },
  }));
  expect(tableRows(found)).toEqual(told('The internet is away'));
});

test('with the box switched off at each step, each make fares as people are told', async () => {
  const found = await roomThrough(2, () => ({
    fail: async (release) => {
      await network.box.exec(words('ip link set eth0 down'));
      await box.killHard();
      release();
    },
    notice: async () => {},
    mend: async () => {
      await network.box.exec(words('ip link set eth0 up'));
      await box.start();
      await untilIts('ok');
    },
  }));
  expect(tableRows(found)).toEqual(told('The box is off'));
});

const isStopping = () => readFileSync(box.logFile, 'utf8').includes('"stopping"') || undefined;

test('a box that is stopped while one-time answers come waits for them, and gives them when it is back', async () => {
  const found = await roomThrough(
    3,
    () => ({
      fail: async (release) => {
        const stopped = box.stop();
        await until('the box to have begun to stop', isStopping, { timeoutMs: 10_000, everyMs: 10 });
        release();
        await stopped;
      },
      notice: async () => {},
      mend: async () => {
        await box.start();
        await untilIts('ok');
      },
    }),
    walkPhones(3, [onTheWay]),
  );
  expect(found.map(({ back }) => back.status)).toEqual(found.map(() => 200));
});
