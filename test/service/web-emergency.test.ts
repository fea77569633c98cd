/** Calls for help as the API tells them. */
import { expect, it } from 'vitest';
import { saveEmergencyCall, type EmergencyCall } from '../../appliance/store/emergency-calls.ts';
import { emergencyView } from '../../appliance/web/emergencies.ts';
import { openPage } from '../support/page.ts';

const mac = '00:15:65:aa:00:01';

const help: EmergencyCall = {
  id: 'a1',
  kind: 'help',
  at: 1_000,
  number: '112',
  name: 'Ann',
  caller: { aor: '1001@x', phone: 'p', source: '10.66.0.101:5060', transport: 'tls', contact: 'sip:x', mac },
  place: { mac, source: 'snmp', at: 1, place: 'room 301' },
  callback: '+4930555101',
  ways: [{ way: 'gateway', at: 1_000, outcome: 'answered' }],
  notices: [{ by: 'mail', to: 'a@b', tries: 1, isDelivered: true, result: '250', at: 2_000 }],
};

it('the API tells calls for help with place, ways and notices, and who it was only to those on the box', async () => {
  const { site, url } = await openPage();
  await site.write('sip', ({ db }) => saveEmergencyCall(db, help));
  const { emergencies } = (await (await fetch(`${url}/api/emergency`)).json()) as { emergencies: unknown[] };
  expect(emergencies).toMatchObject([
    { number: '112', name: 'Ann', aor: '1001@x', callback: '+4930555101', place: 'room 301', isTest: false },
  ]);
  const shown = JSON.stringify(emergencyView(help, { personal: false }));
  expect(shown).toContain('room 301');
  expect(shown).not.toMatch(/Ann|1001|4930|a@b/);
});
