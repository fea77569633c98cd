import { expect, test } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { openProfiles } from '../../../appliance/dhcp/profile.ts';
import { readRequest } from '../../../appliance/dhcp/request.ts';
import { decodeMessage } from '../../../appliance/protocol/dhcp.ts';
import { decodeOptions, type DhcpOptions } from '../../../appliance/protocol/dhcp-options.ts';
import { clientBytes } from '../../service/dhcp/dhcp-site.ts';

/** Clocks go forward in New York. */
const change = Date.UTC(2026, 2, 8, 7);

function told(at: number, leaseSeconds: number, timeZone = 'America/New_York'): DhcpOptions {
  const profiles = openProfiles(
    parseConfig(
      `[site]\naddress = "10.66.0.1"\ntime_zone = "${timeZone}"\n[dhcp]\nlease_seconds = ${leaseSeconds}`,
    ),
  );
  const request = readRequest(decodeMessage(clientBytes({ type: 'discover' })));
  if (request === undefined) throw new Error('no request');
  return decodeOptions(profiles(request, at).leaseOptions);
}

test.each([
  ['long before', 5000, 3600, 1800],
  ['within the first half of the lease', 600, 3600, 660],
  ['within the second half: the renewal at half-time is told', 2000, 3600, 1800],
  ['a second after the answer', 1, 3600, 61],
  ['at the end of the first half: never later than usual', 1799, 3600, 1800],
  ['in a lease too short to wait for it', 20, 60, 30],
  ['in the shortest lease there is', 0.5, 1, 0],
])('clocks that change %s', (...[, before, lease, renewal]) => {
  const { renewalTime, rebindingTime = 0, leaseTime, timeOffset } = told(change - before * 1000, lease);
  expect({ renewalTime, leaseTime, timeOffset }).toEqual({
    renewalTime: renewal,
    leaseTime: lease,
    timeOffset: -18_000,
  });
  expect(renewalTime).toBeLessThanOrEqual(rebindingTime);
});

test('just after the change the offset is the new one, and the renewal as always', () => {
  expect(told(change, 3600)).toMatchObject({ timeOffset: -14_400, renewalTime: 1800 });
});

test('where clocks never change a renewal is always at half-time', () => {
  expect(told(change - 600_000, 3600, 'Asia/Kathmandu')).toMatchObject({
    timeOffset: 20_700,
    renewalTime: 1800,
  });
  expect(told(change - 600_000, 3600, 'UTC')).toMatchObject({ timeOffset: 0, renewalTime: 1800 });
});

test('a phone that the settings name has its own URL, and its brothers the one of the site', () => {
  const profiles = openProfiles(
    parseConfig(
      '[site]\naddress = "10.66.0.1"\nposture = "assist"\n[[site.posture_for]]\nposture = "full"\nmac = "00:15:65:00:00:02"',
    ),
  );
  const urlOf = (mac: string) => {
    const request = readRequest(decodeMessage(clientBytes({ type: 'discover' })));
    if (request === undefined) throw new Error('no request');
    return decodeOptions(profiles({ ...request, mac }, change).leaseOptions).tftpServerName;
  };
  const cloud = 'http://emea.ipp.sdg.teams.microsoft.com';
  expect(['01', '02', '03'].map((end) => urlOf(`00:15:65:00:00:${end}`))).toEqual([
    cloud,
    'http://10.66.0.1',
    cloud,
  ]);
});
