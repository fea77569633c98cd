/** Ten thousand registrations in the store of a box that starts again. */
import { expect, it } from 'vitest';
import { memoryHere, mostPhones } from '../../../appliance/sip/registration-limits.ts';
import { saveBinding, type BindingRow } from '../../../appliance/store/bindings.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { systemClock } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import { bindingRow } from '../../support/binding-row.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { accept, registerText, tokenOf } from '../../support/sip-registering.ts';
import { header, openSipSite } from '../../support/sip-site.ts';

const count = 10_000;

function row(at: number): BindingRow {
  const now = systemClock.now();
  return bindingRow(now - 60_000, {
    token: at.toString(16).padStart(32, '0'),
    aor: `${at}@office.example`,
    phone: at === 7 ? '127.0.0.1' : `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`,
    flow: `phone-${at}`,
    contact: `<sip:${at}@10.0.0.1>`,
    contact_uri: `sip:${at}@10.0.0.1`,
    expires_at: now + 3_600_000,
    local_expires_at: now + 60_000,
  });
}

it('all are there after the start, wait for their phones, and the first that comes goes up under its old name', async () => {
  const directory = temporaryDirectory();
  {
    using store = openStore({ directory, part: 'sip', clock: systemClock });
    await store.write(({ db }) => {
      for (let at = 0; at < count; at += 1) saveBinding(db, row(at));
    });
  }
  const site = await openSipSite({ directory, rtp: false });
  const states = () => site.bindings().map(({ state }) => state);
  // Nobody waits for it to be on disk.
  const areLost = () => states().every((state) => state === 'lost') || undefined;
  await until('all to be lost', areLost, { timeoutMs: 10_000, everyMs: 50 });
  expect(states()).toHaveLength(count);
  const phone = await site.phone('tcp');
  phone.send(registerText({ cseq: 1, aor: '7' }));
  const flow = await site.flow(0);
  const request = await flow.request('REGISTER');
  expect(tokenOf(request)).toBe(row(7).token);
  accept(flow, request, { seconds: 3600 });
  await phone.response(200);
  expect(states().filter((state) => state === 'registered')).toHaveLength(1);
  expect(states()).toHaveLength(count);
});

it('as many as the box takes keep their places, and one more is refused, counted and told', async () => {
  const directory = temporaryDirectory();
  const most = mostPhones(memoryHere());
  {
    using store = openStore({ directory, part: 'sip', clock: systemClock });
    await store.write(({ db }) => {
      for (let at = 0; at < most; at += 1) saveBinding(db, row(at));
    });
  }
  const site = await openSipSite({ directory, rtp: true });
  const phone = await site.phone('tcp');
  phone.send(registerText({ cseq: 1, aor: 'more' }));
  const refusal = await phone.response(503);
  expect([refusal.reason, Number(header(refusal, 'Retry-After')) > 0]).toEqual(['Too many phones', true]);
  expect(site.sip.counters()).toMatchObject({ bindings: most, registrations_over_limit: 1 });
  expect(site.sip.health().reason).toContain(`${most} phones are registered, as many as the box takes`);
  // The start alone has told of each phone that is away.
  const told = () => {
    using reader = openReader(directory, 'sip');
    const rows = reader?.journalAfter(most, 500) ?? [];
    return rows.find((entry) => 'kind' in entry && entry.kind === 'registration_refused');
  };
  await until('the row', told, { timeoutMs: 4000, everyMs: 10 });
  phone.send(registerText({ cseq: 1, aor: '7' }));
  const flow = await site.flow(0);
  accept(flow, await flow.request('REGISTER'), { seconds: 3600 });
  await phone.response(200);
});
