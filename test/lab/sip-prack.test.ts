/** Provisional responses that must arrive (RFC 3262): SIPp on the LAN and in the cloud, with the box and Kamailio's proxy between them. */
import { beforeAll, afterAll, expect, it } from 'vitest';
import { until } from '../support/command.ts';
import { accounts, openSipLab, registrar, type SipLab } from '../support/sip-lab.ts';
import { playPhone, type SippPhone } from '../support/sipp-phone.ts';

let site: SipLab;

const settings = '[provisioning]\nallow_cleartext = ["other"]\n';

beforeAll(async () => {
  site = await openSipLab({ phones: 1, kamailio: { udpPort: 5060, challengeInvites: false } });
  await site.startBox(['rtp', 'sip'], settings);
});

afterAll(() => site[Symbol.asyncDispose]());

const named = (at: number) => ({ ...accounts[at], domain: registrar });

function phone(): SippPhone {
  const prefix = site.phones[0]?.prefix ?? [];
  return { ...named(0), service: '4930555', address: '10.66.0.101', server: '10.66.0.1', prefix, ...ports };
}

function remote(): SippPhone {
  const { prefix } = site.remote;
  const place = { address: '203.0.113.50', server: '203.0.113.20', prefix };
  return { ...named(2), service: '1001', isBehindProxy: true, ...place, ...ports };
}

const ports = { to: 5060, from: 5070 };

it('both phones register with their passwords', async () => {
  for (const one of [phone(), remote()])
    expect(await playPhone('password-is-asked-for-and-taken', one)).toMatchObject({ code: 0 });
});

it.each([
  { title: 'a phone calls out', direction: 'outbound', caller: phone, callee: remote },
  { title: 'a phone is called', direction: 'inbound', caller: remote, callee: phone },
])('$title, the callee rings until its PRACK comes', async ({ direction, caller, callee }) => {
  const rings = playPhone('ringing-waits-for-prack', callee());
  const calls = playPhone('ringing-that-must-arrive-is-taken', caller());
  expect(await calls).toMatchObject({ code: 0 });
  expect(await rings).toMatchObject({ code: 0 });
  const isOver = () => site.calls().find((call) => call.direction === direction && call.state === 'ended');
  const call = await until('the call to be written down', isOver, { timeoutMs: 5000, everyMs: 50 });
  expect(call.answeredAt).toBeDefined();
  const pracks = site.kamailio.seen.filter(({ what, method }) => what === 'request' && method === 'PRACK');
  expect(pracks.length, 'two a call').toBe(direction === 'outbound' ? 2 : 4);
});
