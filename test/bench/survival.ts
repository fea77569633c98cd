/** How long an office is without calls: real user agents, Kamailio as the cloud, and a way to it that is cut without a sign. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Baresip } from '../support/baresip.ts';
import { until } from '../support/command.ts';
import { passAccount } from '../support/sip-accounts.ts';
import { accounts, openSipLab, registrar, type SipLab } from '../support/sip-lab.ts';
import { benchRow, round, type BenchRow } from './row.ts';

const rounds = 3;

type Say = (line: string) => void;

export async function measureSurvival(say: Say): Promise<BenchRow[]> {
  await using site = await openSipLab({ phones: 2 });
  await site.startBox(['rtp', 'sip'], '[sip]\nlocal_expires_tcp_seconds = 6\n');
  const phones = [await site.startPhone(0), await site.startPhone(1)] as [Baresip, Baresip];
  for (const phone of phones) await phone.registered();
  for (const [at, { user, password }] of accounts.slice(0, 2).entries())
    await passAccount(site.state, { mac: `00:15:65:00:00:0${at}`, user, authUser: user, password });
  const firstCalls: number[] = [];
  const restarts: number[] = [];
  const returns: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await site.cutWan();
    firstCalls.push(await seconds(async () => callInside(phones)));
    await phones[0][Symbol.asyncDispose]();
    restarts.push(
      await seconds(async () => {
        phones[0] = await site.startPhone(0);
        await phones[0].registered();
      }),
    );
    const before = site.kamailio.seen.length;
    await site.restoreWan();
    returns.push(await seconds(async () => bothBack(site, before)));
    say(`round ${round}: ${[firstCalls, restarts, returns].map((list) => `${list.at(-1)} s`).join(', ')}`);
    // What the cut left half open upstream is over by then.
    await sleep(2000);
  }
  return [
    row('survival: way cut to the first call inside, worst of three', firstCalls),
    row('survival: a phone restarted in the outage is registered, worst of three', restarts),
    row('survival: way back to two phones at their registrar, worst of three', returns),
  ];
}

const row = (name: string, ours: readonly number[]) =>
  benchRow({
    name,
    ours: Math.max(...ours),
    peer: null,
    peerName: 'nobody serves these phones',
    unit: 's',
    better: 'lower',
  });

async function seconds(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return round((performance.now() - begin) / 1000);
}

async function callInside([caller, callee]: readonly [Baresip, Baresip]): Promise<void> {
  const since = callee.events.length;
  await caller.command('dial', `sip:1002@${registrar}`);
  await callee.waitFor('CALL_ESTABLISHED', { since, timeoutMs: 30_000 });
  await caller.command('hangup');
  await callee.waitFor('CALL_CLOSED', { since });
}

async function bothBack(site: SipLab, before: number): Promise<void> {
  for (const { user } of accounts.slice(0, 2)) {
    const isBack = () =>
      site.kamailio.seen
        .slice(before)
        .some(({ what, fromUser }) => what === 'registered' && fromUser === user) || undefined;
    await until(`${user} at its registrar`, isBack, { timeoutMs: 120_000, everyMs: 50 });
  }
}
