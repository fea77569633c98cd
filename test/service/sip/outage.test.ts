/** The way to the registrar is cut: what phones notice, and how they go back. */
import { expect, it } from 'vitest';
import { hurriedClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { accept, register, registerText } from '../../support/sip-registering.ts';
import { header, openSipSite, responseText, type Peer, type SipSite } from '../../support/sip-site.ts';

const wait = { timeoutMs: 5000, everyMs: 10 };

async function untilOutage(site: SipSite): Promise<void> {
  await until('the outage', () => site.journal('outage_began')[0], wait);
  await until(
    'the bindings',
    () => site.bindings().every(({ state }) => state === 'lost') || undefined,
    wait,
  );
}

it('a phone on its connection stays registered, another connection is told to come back later', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  await register(site, phone);
  site.cutRegistrar(true);
  await untilOutage(site);
  phone.send(registerText({ cseq: 2 }));
  const kept = await phone.response(200);
  expect(header(kept, 'Contact')).toContain('expires=40');
  const other = await site.phone('tls');
  other.send(registerText({ cseq: 3 }));
  const refused = await other.response(503);
  expect(Number(header(refused, 'Retry-After'))).toBeGreaterThanOrEqual(10);
  expect(site.sip.health().reason).toMatch(
    /no way to the registrar 127\.0\.0\.1: 1 of 1 phones are kept here/,
  );
});

it('a phone whose own connection ended in the outage has lost its registration', async () => {
  const site = await openSipSite({ rtp: false });
  const phone = await site.phone('tls');
  await register(site, phone);
  site.cutRegistrar(true);
  await untilOutage(site);
  phone.close();
  const again = await site.phone('tls');
  again.send(registerText({ cseq: 2 }));
  expect((await again.response(503)).reason).toBe('Registrar not reached');
});

it('after the outage the next refresh goes to the registrar', async () => {
  const clock = hurriedClock();
  const site = await openSipSite({ rtp: false, clock });
  const phone = await site.phone('tls');
  await register(site, phone);
  site.cutRegistrar(true);
  await untilOutage(site);
  site.cutRegistrar(false);
  await until(
    'the end of the outage',
    async () => {
      await clock.advance(500);
      return site.journal('outage_ended')[0];
    },
    wait,
  );
  phone.send(registerText({ cseq: 2 }));
  const back = await until(
    'the phone at the registrar',
    () => site.upstream.find(({ isClosed, waiting }) => !isClosed && waiting.length > 0),
    wait,
  );
  accept(back, await back.request('REGISTER'), { seconds: 3600 });
  await phone.response(200);
  expect(site.bindings()).toMatchObject([{ state: 'registered' }]);
});

const probe = async (site: SipSite, at: number): Promise<Peer> =>
  await until('a probe', () => site.probes[at], wait);

it('a registrar that answered OPTIONS once and is silent now is away, although its port is open', async () => {
  const clock = hurriedClock();
  const site = await openSipSite({ rtp: false, clock });
  const phone = await site.phone('tls');
  await register(site, phone);
  (await site.flow(0)).close();
  const first = await probe(site, 0);
  first.send(responseText(await first.request('OPTIONS'), '200 OK'));
  await until('the probe to end', () => first.isClosed || undefined, wait);
  expect(site.journal('outage_began')).toEqual([]);
  phone.send(registerText({ cseq: 2 }));
  await (await site.flow(1)).request('REGISTER');
  await clock.advance(3000);
  await until('the outage', () => site.journal('outage_began')[0], { ...wait, timeoutMs: 8000 });
  expect(header(await phone.response(200), 'Contact')).toContain('expires=40');
});

it('silence on OPTIONS alone is no outage where the registrar never answered one', async () => {
  const clock = hurriedClock();
  const site = await openSipSite({ rtp: false, clock });
  const phone = await site.phone('tls');
  await register(site, phone);
  phone.send(registerText({ cseq: 2, expires: 0 }));
  const flow = await site.flow(0);
  await flow.request('REGISTER');
  await clock.advance(3000);
  const asked = await probe(site, 0);
  expect((await asked.request('OPTIONS')).uri).toBe('sip:127.0.0.1');
  await until('the probe to end', () => asked.isClosed || undefined, wait);
  expect(site.journal('outage_began')).toEqual([]);
});
