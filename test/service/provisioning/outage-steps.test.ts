/** Internet or box away at each step of each make's walk: what people are told in `firmware-templates/outages.md` is what happens. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../../support/command.ts';
import { sendBytes } from '../../support/phone-http.ts';
import {
  prepareStep,
  settle,
  steps,
  stepsOf,
  takeStep,
  walkers,
  type Walked,
  type Walker,
  type WalkStep,
} from '../../support/step-walk.ts';
import { startWalkSite, type WalkSite } from '../../support/walk-site.ts';

type Failure = 'internet' | 'box';

const doc = readFileSync(join(import.meta.dirname, '../../../firmware-templates/outages.md'), 'utf8');
const headings: Readonly<Record<Failure, string>> = {
  internet: '## The internet is away',
  box: '## The box is off',
};

/** The rows that the page has for this step: phones, what they get, what they do. */
function told(failure: Failure, step: string): string[] {
  const [, section = ''] = doc.split(headings[failure]);
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith(`| ${step} |`));
  return rows.map((line) => line.slice(`| ${step} `.length));
}

interface Found {
  readonly walker: Walker;
  readonly away: Walked;
  /** It was answered otherwise than by the cloud. */
  readonly isKept: boolean;
  readonly back: Walked;
}

/** Phones that fared alike share a row. */
function tableRows(found: readonly Found[]): string[] {
  const rows = new Map<string, string[]>();
  for (const one of found) {
    const words = `${whatItGot(one)} | ${whatItDid(one)} |`;
    rows.set(words, [...(rows.get(words) ?? []), one.walker.make]);
  }
  return Array.from(rows, ([words, names]) => `| ${names.join(', ')} | ${words}`);
}

function whatItGot({ walker, away, isKept }: Found): string {
  if (away.status === undefined) return 'no answer';
  if (away.status !== 200) return `${away.status}`;
  if (isKept) return 'what it got last';
  return walker.isDirect ? 'the answer of the cloud, which it asks by itself' : 'an answer';
}

const keeps: Readonly<Record<Walked['account'], string>> = {
  none: 'has no account yet',
  onboarding: 'keeps its first account',
  final: 'stays signed in',
};

function whatItDid({ away, back, isKept }: Found): string {
  if (away.status === 200 && !isKept) return 'goes on';
  const after = back.status === 200 ? 'goes on' : `gets ${back.status} until it is restarted, then goes on`;
  return `${keeps[away.account]}; asks again and, when it is back, ${after}`;
}

async function takeAll(site: WalkSite, phones: readonly Walker[], step: WalkStep): Promise<void> {
  for (const walker of phones) prepareStep(site, walker, step);
  await Promise.all(phones.map(takeStep));
}

async function fail(site: WalkSite, failure: Failure): Promise<void> {
  if (failure === 'internet') site.wan.cut();
  else await site.switchOff();
}

async function mend(site: WalkSite, failure: Failure): Promise<void> {
  if (failure === 'internet') site.wan.restore();
  else await site.switchOn();
  await site.untilWell();
}

interface Interruption {
  readonly step: WalkStep;
  readonly failure: Failure;
  /** The step as it is taken while something is away. */
  readonly during: (hit: readonly Walker[]) => Promise<Walked[]>;
}

/** All phones from factory state to a restart, interrupted at one step. */
async function interrupted(site: WalkSite, { step, failure, during }: Interruption): Promise<Found[]> {
  const phones = walkers(site);
  const takers = (one: WalkStep) => phones.filter((walker) => stepsOf(walker).includes(one));
  const at = steps.indexOf(step);
  for (const before of steps.slice(0, at)) await takeAll(site, takers(before), before);
  const hit = takers(step);
  for (const walker of hit) prepareStep(site, walker, step);
  const asked = site.cloud.requests.length;
  const away = await during(hit);
  const askedAway = site.cloud.requests.slice(asked).map(({ headers }) => plain(JSON.stringify(headers)));
  await mend(site, failure);
  const found = await Promise.all(
    hit.map(async (walker, index) => ({
      walker,
      away: away[index] ?? unanswered,
      isKept: !askedAway.some((headers) => headers.includes(plain(walker.phone.mac))),
      back: await takeStep(walker),
    })),
  );
  for (const { walker } of found.filter(({ back }) => back.status !== 200)) {
    walker.phone.url = walker.dhcpUrl;
    await settle(walker);
  }
  for (const after of steps.slice(at + 1)) await takeAll(site, takers(after), after);
  for (const walker of phones)
    expect({ make: walker.make, ...(await settle(walker)) }).toMatchObject({ status: 200, account: 'final' });
  return found;
}

const unanswered: Walked = { status: undefined, account: 'none' };

/** MACs are written in many ways. */
const plain = (text: string) => text.replaceAll(':', '').toLowerCase();

const cases = (['internet', 'box'] as const).flatMap((failure) => steps.map((step) => ({ failure, step })));

test.each(cases)(
  'the $failure away at "$step": each make fares as people are told',
  async ({ failure, step }) => {
    await using site = await startWalkSite();
    const found = await interrupted(site, {
      step,
      failure,
      during: async (hit) => {
        await fail(site, failure);
        await site.passTime();
        return Promise.all(hit.map(takeStep));
      },
    });
    expect(tableRows(found)).toEqual(told(failure, step));
    // Its first account and its last one, each once.
    expect(site.cloud.accounts).toHaveLength(2 * walkers(site).length);
    expect(site.cloud.violations).toEqual([]);
  },
);

test.each(['internet', 'box'] as const)(
  'the %s away while the one-time answer comes: it is lost, and a restart helps',
  async (failure) => {
    await using site = await startWalkSite();
    const found = await interrupted(site, {
      step: 'One-time account',
      failure,
      during: async (hit) => {
        const release = site.cloud.hold();
        const taking = Promise.all(hit.map(takeStep));
        const minted = () => site.cloud.accounts.length === hit.length || undefined;
        await until('every account to be minted', minted, { timeoutMs: 10_000, everyMs: 10 });
        // A box that is stopped doesn't wait for ever.
        await Promise.all([fail(site, failure), site.passTime()]);
        release();
        return taking;
      },
    });
    expect(tableRows(found)).toEqual(told(failure, 'Its answer on the way'));
  },
);

test('a box that is stopped while one-time answers come waits for them, and gives them when it is back', async () => {
  await using site = await startWalkSite();
  const found = await interrupted(site, {
    step: 'One-time account',
    failure: 'box',
    during: async (hit) => {
      const release = site.cloud.hold();
      const taking = Promise.all(hit.map(takeStep));
      const minted = () => site.cloud.accounts.length === hit.length || undefined;
      await until('every account to be minted', minted, { timeoutMs: 10_000, everyMs: 10 });
      const stopping = site.switchOff();
      release();
      await stopping;
      return taking;
    },
  });
  expect(found.map(({ back }) => back.status)).toEqual(found.map(() => 200));
  expect(site.cloud.accounts).toHaveLength(2 * walkers(site).length);
  expect(site.cloud.violations).toEqual([]);
});

interface Make {
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
}

test('devices of makes that nobody has listed are told to come again, and are passed on when the internet is back', async () => {
  await using site = await startWalkSite();
  const file = join(import.meta.dirname, '../../fixtures/phones/unknown-makes.json');
  const makes = JSON.parse(readFileSync(file, 'utf8')) as Make[];
  const askAll = () =>
    Promise.all(
      makes.map(async ({ path, headers }, at) => {
        const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
        const request = Buffer.from(`GET ${path} HTTP/1.1\r\n${lines}\r\n`, 'latin1');
        return sendBytes(request, { url: site.url, from: `127.0.0.${at + 10}` });
      }),
    );
  await fail(site, 'internet');
  await site.passTime();
  for (const { status, headers } of await askAll())
    expect([status, headers.get('retry-after')]).toEqual([503, '60']);
  expect(site.cloud.requests).toEqual([]);
  await mend(site, 'internet');
  // The stand-in takes none of them.
  expect((await askAll()).map(({ status }) => status)).toEqual(makes.map(() => 403));
  expect(site.cloud.requests.map(({ target }) => target).toSorted()).toEqual(
    makes.map(({ path }) => path).toSorted(),
  );
});
