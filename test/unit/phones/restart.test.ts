import { expect, it } from 'vitest';
import { restartForm } from '../../../appliance/phones/restart.ts';

/** User-Agents as these devices send them. */
it.each([
  ['Yealink SIP-T46S 66.86.0.15 80:5e:c0:00:00:01', 'check-sync;reboot=true', 'restart'],
  ['PolycomVVX-VVX_500-UA/5.9.7.4477', 'check-sync', 'reload'],
  ['Cisco-CP-8841-3PCC/11.0 (00562b043615)', 'check-sync', 'reload'],
  ['Cisco/ATA191-MPP-11-1-0-MSR4 (FCH2443D9R4)', 'check-sync', 'reload'],
  ['AUDC/3.4.6.604 AUDC-IPPhone-C450HD_UC_3.4.6.604/1', 'check-sync', 'reload'],
  ['ALE M3-CE 2.11.01.1604 3c28a620089e', 'check-sync', 'reload'],
  ['Mozilla/4.0 (compatible; snomD785-SIP 10.1.169.16)', 'check-sync;reboot=true', 'restart'],
  ['Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605', 'check-sync;reboot=true', 'restart'],
  ['OBIHAI/OBi302-3.2.2.8680', 'resync', 'restart'],
])('%s is told to restart by %s, and does: %s', (userAgent, event, effect) => {
  expect(restartForm({ userAgent })).toEqual({ event, effect });
});

it.each(['Algo-8301/3.4', 'baresip v1.0.0', undefined])('of %s no form is known', (userAgent) => {
  expect(restartForm({ userAgent })).toBeUndefined();
});
