/** Orders to restart a phone, from the file of web to the phone and back. */
import { expect, it } from 'vitest';
import { isRequest } from '../../../appliance/protocol/sip-message.ts';
import { giveErrand } from '../../../appliance/store/errands.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { readRestart, type Restart } from '../../../appliance/store/restarts.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { systemClock } from '../../../appliance/world.ts';
import { hurriedClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { registered, talking, type Setting } from '../../support/sip-calls.ts';
import { header, responseText } from '../../support/sip-site.ts';

const mac = '80:5e:c0:aa:00:01';
const userAgent = `Yealink SIP-T46S 66.86.0.15 ${mac}`;

async function order({ site }: Setting, of = mac, now = systemClock.now()): Promise<boolean> {
  using web = openStore({ directory: site.directory, part: 'web', clock: systemClock });
  return await web.write((tx) => giveErrand(tx, 'restart', { mac: of, now }));
}

async function outcome({ site }: Setting, of = mac): Promise<Restart> {
  const read = () => {
    using reader = openReader(site.directory, 'sip');
    const restart = reader && readRestart(reader.db, of);
    return restart?.outcome === 'asked' ? undefined : restart;
  };
  return await until('the order to come to something', read, { timeoutMs: 6000, everyMs: 20 });
}

it("the phone is asked once, in its maker's form and on its own connection, and its answer is kept", async () => {
  const setting = await registered('tls', { userAgent });
  await order(setting);
  const notify = await setting.phone.request('NOTIFY');
  expect(notify.uri).toBe('sip:1001@127.0.0.1:5999');
  expect([header(notify, 'Event'), header(notify, 'Subscription-State')]).toEqual([
    'check-sync;reboot=true',
    'terminated',
  ]);
  expect(header(notify, 'To')).toBe('<sip:1001@office.example>');
  setting.phone.send(responseText(notify, '200 OK'));
  expect(await outcome(setting)).toMatchObject({ outcome: 'accepted', status: 200 });
  expect(setting.site.journal('phone_restart')).toEqual([
    { outcome: 'asked' },
    { outcome: 'accepted', status: 200 },
  ]);
  await setting.site.restartSip();
  expect(setting.phone.waiting).toEqual([]);
});

it('a phone that wants a password for it has refused', async () => {
  const setting = await registered('udp', { userAgent });
  await order(setting);
  const notify = await setting.phone.request('NOTIFY');
  setting.phone.send(responseText(notify, '401 Unauthorized'));
  expect(await outcome(setting)).toMatchObject({ outcome: 'refused', status: 401 });
});

it('silence is no answer', async () => {
  const clock = hurriedClock();
  const setting = await registered('udp', { userAgent, clock });
  await order(setting);
  await setting.phone.request('NOTIFY');
  for (let second = 0; second < 34; second += 1) await clock.advance(1000);
  expect(await outcome(setting)).toMatchObject({ outcome: 'no answer' });
});

it('a phone whose connection is gone is not reached, and one that is unknown not registered', async () => {
  const setting = await registered('tls', { userAgent });
  setting.phone.close();
  await until('the phone to be late', () => setting.site.bindings()[0]?.state === 'late', {
    timeoutMs: 4000,
    everyMs: 20,
  });
  await order(setting);
  expect(await outcome(setting)).toMatchObject({ outcome: 'not reached' });
  await order(setting, '80:5e:c0:aa:00:02');
  expect(await outcome(setting, '80:5e:c0:aa:00:02')).toMatchObject({ outcome: 'not registered' });
});

it('a phone in a call is left alone', async () => {
  const setting = await registered('tls', { userAgent });
  await talking(setting);
  await order(setting);
  expect(await outcome(setting)).toMatchObject({ outcome: 'in a call' });
  expect(setting.phone.waiting.filter(isRequest)).toEqual([]);
});

it('of a make without a known form nothing is asked', async () => {
  const unknown = '02:00:00:aa:00:01';
  const setting = await registered('tls', { userAgent: `softphone/1 ${unknown}` });
  await order(setting, unknown);
  expect(await outcome(setting, unknown)).toMatchObject({ outcome: 'not offered' });
  expect(setting.phone.waiting).toEqual([]);
});

it('an order whose time is over is void, and a second one waits for the first', async () => {
  const setting = await registered('tls', { userAgent });
  await order(setting, mac, systemClock.now() - 60_000);
  expect(await order(setting)).toBe(true);
  expect(await order(setting)).toBe(false);
  await setting.phone.request('NOTIFY');
  expect(setting.phone.waiting).toEqual([]);
});
