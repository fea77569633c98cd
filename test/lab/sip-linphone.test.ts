/** A third make of user agent: linphone registers and calls through the box, over TLS and with SRTP, and is called. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Baresip } from '../support/baresip.ts';
import { until } from '../support/command.ts';
import { startLinphone, type Linphone } from '../support/linphone.ts';
import { countRtp } from '../support/rtp-counter.ts';
import { accounts, openSipLab, registrar, type SipLab } from '../support/sip-lab.ts';

let site: SipLab;
let phone: Linphone;
let remote: Baresip;

beforeAll(async () => {
  site = await openSipLab({ phones: 1 });
  await site.startBox(['rtp', 'sip']);
  remote = await site.startRemote({ speaksSeconds: 120 });
  await remote.registered();
  const [namespace, account] = [site.phones[0], accounts[0]];
  if (namespace === undefined || account === undefined) throw new Error('no phone');
  // Without one it takes the network for down, and its registration for void.
  await namespace.exec(['ip', 'route', 'add', 'default', 'via', '10.66.0.1']);
  phone = startLinphone({
    start: (command, more) => namespace.start(command, more),
    directory: join(site.lab.directory, 'linphone'),
    ...account,
    domain: registrar,
    outbound: '<sip:10.66.0.1:5061;transport=tls;lr>',
    speech: join(site.lab.directory, 'remote', 'tone.wav'),
  });
});

afterAll(async () => {
  await phone[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

it('linphone registers through the box', async () => {
  const binding = await until('the binding', () => site.bindings()[0], {
    timeoutMs: 20_000,
    lastSeen: phone.process.lastWords,
  });
  expect(binding).toMatchObject({
    aor: `1001@${registrar}`,
    state: 'registered',
    transport: 'tls',
    userAgent: expect.stringMatching(/linphone/i) as string,
  });
});

async function heardInASecond(): Promise<{ sent: number; heard: number }> {
  const count = await countRtp(site.phones[0] ?? site.box);
  await sleep(1500);
  return await count();
}

async function ended(reason: string): Promise<void> {
  const last = await until(
    'the call to be over',
    () => site.calls().find(({ state }, at) => at === 0 && state === 'ended'),
    {
      timeoutMs: 10_000,
    },
  );
  expect(last).toMatchObject({ reason });
}

it('linphone calls a phone out there, media flow both ways, and it hangs up', async () => {
  const since = remote.events.length;
  phone.command(`call sip:4930555@${registrar}`);
  await remote.waitFor('CALL_ESTABLISHED', { since });
  const { sent, heard } = await heardInASecond();
  expect([sent > 30, heard > 30], `${sent} sent, ${heard} heard`).toEqual([true, true]);
  phone.command('terminate');
  await remote.waitFor('CALL_CLOSED', { since });
  await ended('phone hung up');
});

it('linphone is called from out there, and the far end hangs up', async () => {
  const since = remote.events.length;
  await remote.command('dial', `sip:1001@${registrar}`);
  await remote.waitFor('CALL_ESTABLISHED', { since });
  const { sent, heard } = await heardInASecond();
  expect([sent > 30, heard > 30], `${sent} sent, ${heard} heard`).toEqual([true, true]);
  await remote.command('hangup');
  await ended('cloud hung up');
});
