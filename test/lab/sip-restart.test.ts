/**
 * kill -9 of the SIP application: registrations come back without anybody touching a phone, media of a call flow on. Then the way
 * to the cloud is cut, without a sign: phones call each other, and whoever is restarted proves itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Baresip } from '../support/baresip.ts';
import { until, type Running } from '../support/command.ts';
import { countRtp, type RtpCount } from '../support/rtp-counter.ts';
import { passAccount } from '../support/sip-accounts.ts';
import { accounts, openSipLab, registrar, type SipLab } from '../support/sip-lab.ts';

let site: SipLab;
let sip: Running;
let phone: Baresip;
let remote: Baresip;

const settings = '[sip]\nlocal_expires_tcp_seconds = 4\n[rtp]\nidle_seconds = 3\n';

beforeAll(async () => {
  site = await openSipLab({ phones: 2 });
  await site.startBox(['rtp'], settings);
  sip = await site.startBox(['sip'], settings);
  phone = await site.startPhone(0, { speaksSeconds: 300 });
  remote = await site.startRemote({ speaksSeconds: 300 });
  await phone.registered();
  await remote.registered();
});

afterAll(() => site[Symbol.asyncDispose]());

async function killed(running: Running): Promise<void> {
  running.kill('SIGKILL');
  await running.exited;
}

async function callOut(): Promise<void> {
  const [here, there] = [phone.events.length, remote.events.length];
  await phone.command('dial', `sip:4930555@${registrar}`);
  await remote.waitFor('CALL_ESTABLISHED', { since: there });
  await phone.waitFor('CALL_ESTABLISHED', { since: here });
  await sleep(500);
}

const isRegistered = () => site.bindings()[0]?.state === 'registered' || undefined;
/** A refresh that falls into the moment without the box is tried again by the phone after half a minute to a whole one. */
const patience = { timeoutMs: 80_000 };

const lastEnded = () => (site.calls()[0]?.state === 'ended' ? site.calls()[0] : undefined);

async function reasonOfEnd(): Promise<string | undefined> {
  return (await until('the record to end', lastEnded, { timeoutMs: 15_000 })).reason;
}

it('a call goes on hearing while the application is killed and started again, and the phone ends it upstream at once', async () => {
  await callOut();
  await killed(sip);
  const count = await countRtp(site.phones[0] ?? site.box);
  await sleep(1000);
  const without = await count();
  expect(without.heard, 'with nobody there but the relay').toBeGreaterThan(30);
  sip = await site.startBox(['sip'], settings);
  await sleep(1000);
  expect((await count()).heard).toBeGreaterThan(without.heard + 30);
  expect(site.calls()[0]).toMatchObject({ state: 'up' });
  const since = remote.events.length;
  await phone.command('hangup');
  await remote.waitFor('CALL_CLOSED', { since });
  expect(await reasonOfEnd()).toBe('phone hung up');
});

it('bindings are there after a restart, pass through at the next refresh, and then the far end can hang up and call again', async () => {
  const token = site.kamailio.seen
    .findLast(({ what, fromUser }) => what === 'registered' && fromUser === '1001')
    ?.contact.slice(0, 38);
  await until('the phone to be registered', isRegistered, patience);
  await callOut();
  await killed(sip);
  expect(site.bindings()).toMatchObject([{ aor: `1001@${registrar}` }]);
  const before = site.kamailio.seen.length;
  sip = await site.startBox(['sip'], settings);
  const again = await until(
    'the phone to be registered again',
    () =>
      site.kamailio.seen
        .slice(before)
        .find(({ what, fromUser }) => what === 'registered' && fromUser === '1001'),
    { ...patience, lastSeen: phone.process.lastWords },
  );
  expect(again.contact.slice(0, 38), 'the registrar is told the same Contact').toBe(token);
  await until('the binding to be good', isRegistered, { timeoutMs: 5000 });
  const since = phone.events.length;
  await remote.command('hangup');
  await phone.waitFor('CALL_CLOSED', { since });
  expect(await reasonOfEnd()).toBe('cloud hung up');
  const next = phone.events.length;
  await remote.command('dial', `sip:1001@${registrar}`);
  await phone.waitFor('CALL_ESTABLISHED', { since: next });
  await sleep(300);
  await remote.command('hangup');
  await phone.waitFor('CALL_CLOSED', { since: next });
});

async function callInside(from: Baresip, to: Baresip, user: string): Promise<void> {
  const [here, there] = [from.events.length, to.events.length];
  await from.command('dial', `sip:${user}@${registrar}`);
  await Promise.all([
    from.waitFor('CALL_ESTABLISHED', { since: here }),
    to.waitFor('CALL_ESTABLISHED', { since: there }),
  ]);
}

const witness: (() => Promise<RtpCount>)[] = [];

/** What each phone's kernel sent and heard within a second. */
async function heardMeanwhile(): Promise<RtpCount[]> {
  const before = await Promise.all(witness.map(async (count) => await count()));
  await sleep(1000);
  const after = await Promise.all(witness.map(async (count) => await count()));
  return after.map(({ sent, heard }, at) => ({
    sent: sent - (before[at]?.sent ?? 0),
    heard: heard - (before[at]?.heard ?? 0),
  }));
}

const bothWays = [0, 1].map(() => ({
  sent: expect.toSatisfy((packets: number) => packets > 30) as number,
  heard: expect.toSatisfy((packets: number) => packets > 30) as number,
}));

let colleague: Baresip;

it('with the way to the cloud cut two phones call each other, and hear each other both ways', async () => {
  colleague = await site.startPhone(1);
  await colleague.registered();
  for (const [at, { user, password }] of accounts.slice(0, 2).entries())
    await passAccount(site.state, { mac: `00:15:65:00:00:0${at}`, user, authUser: user, password });
  for (const namespace of site.phones) {
    await namespace.exec(['nft', 'flush', 'ruleset']);
    witness.push(await countRtp(namespace));
  }
  await site.cutWan();
  await callInside(phone, colleague, '1002');
  expect(await heardMeanwhile()).toEqual(bothWays);
  const since = colleague.events.length;
  await phone.command('hangup');
  await colleague.waitFor('CALL_CLOSED', { since });
});

it('phones that are restarted, after the box was too, come back with their password, and one with a wrong password does not', async () => {
  await Promise.all([phone, colleague].map(async (one) => await one[Symbol.asyncDispose]()));
  await killed(sip);
  sip = await site.startBox(['sip'], settings);
  [phone, colleague] = [await site.startPhone(0), await site.startPhone(1)];
  for (const one of [phone, colleague]) await one.registered(30_000);
  const stranger = await site.startPhone(1, {
    password: 'not-hers',
    directory: `${site.lab.directory}/stranger`,
  });
  const isRefused = () => /403 Wrong password/.test(stranger.process.lastWords()) || undefined;
  expect(await until('the stranger to be refused', isRefused, { timeoutMs: 15_000 })).toBe(true);
  await stranger[Symbol.asyncDispose]();
  await callInside(colleague, phone, '1001');
  expect(await heardMeanwhile()).toEqual(bothWays);
});

it('when the cloud is back phones go there without their call being cut, and the next call does too', async () => {
  const before = site.kamailio.seen.length;
  await site.restoreWan();
  for (const { user } of accounts.slice(0, 2)) {
    await until(
      `${user} to be back at its registrar`,
      () =>
        site.kamailio.seen
          .slice(before)
          .some(({ what, fromUser }) => what === 'registered' && fromUser === user) || undefined,
      { timeoutMs: 60_000 },
    );
  }
  expect(await heardMeanwhile()).toEqual(bothWays);
  const since = phone.events.length;
  await colleague.command('hangup');
  await phone.waitFor('CALL_CLOSED', { since });
  await callInside(phone, colleague, '1002');
  expect(
    site.kamailio.seen
      .slice(before)
      .some(({ what, method, toUser }) => what === 'request' && method === 'INVITE' && toUser === '1002'),
  ).toBe(true);
  await phone.command('hangup');
});
