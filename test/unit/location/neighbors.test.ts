/** The table of neighbours, its bounds, and the door before it. */
import { expect, it } from 'vitest';
import { decodeNeighborFrame, type Heard } from '../../../appliance/location/frames.ts';
import { expireNeighbors, hear, newNeighborTable } from '../../../appliance/location/neighbors.ts';
import { newTokenBucket, takeToken } from '../../../appliance/net/token-bucket.ts';
import { macInText } from '../../../appliance/location/wiremap.ts';
import { framesOf } from '../../support/lldp-captures.ts';

const heard = (chassis: string, ttlSeconds = 120): Heard => ({
  ttlSeconds,
  droppedTlvs: 0,
  neighbor: {
    protocol: 'lldp',
    chassisSubtype: 7,
    chassis,
    portSubtype: 5,
    port: '1',
    isBridge: false,
    isPhone: false,
    scope: '01:80:c2:00:00:0e',
  },
});

it('a neighbour lives as long as it says, and longer when it speaks again', () => {
  const table = newNeighborTable('eth0');
  expect(hear(table, heard('a'), 0).kind).toBe('appeared');
  expect(hear(table, heard('a'), 100_000).kind).toBe('refreshed');
  expect(expireNeighbors(table, 219_999)).toEqual([]);
  expect(expireNeighbors(table, 220_000)).toMatchObject([
    { chassis: 'a', firstHeardAt: 0, heardAt: 100_000 },
  ]);
  expect(table.byKey.size).toBe(0);
});

it('a full table keeps whom it knows and refuses strangers', () => {
  const table = newNeighborTable('eth0');
  for (let n = 0; n < 10_000; n += 1) hear(table, heard(`n${n}`), n);
  expect(table.byKey.size).toBe(64);
  expect(hear(table, heard('n3'), 20_000).kind).toBe('refreshed');
  expect(hear(table, heard('late'), 20_000).kind).toBe('refused');
});

it('a goodbye of somebody unknown changes nothing', () => {
  expect(hear(newNeighborTable('eth0'), heard('a', 0), 0).kind).toBe('unknown');
});

it('changed words are told, the same words are not', () => {
  const table = newNeighborTable('eth0');
  hear(table, heard('a'), 0);
  const other = heard('a');
  expect(hear(table, { ...other, neighbor: { ...other.neighbor, systemName: 'new' } }, 1).kind).toBe(
    'changed',
  );
});

it('neighbours kept over a restart are only those of the card', () => {
  const table = newNeighborTable('eth0');
  hear(table, heard('a'), 0);
  const kept = [...table.byKey.values()];
  expect(newNeighborTable('eth0', kept).byKey.size).toBe(1);
  expect(newNeighborTable('eth1', kept).byKey.size).toBe(0);
});

it('behind an unmanaged switch the captured phones and the switch are told apart', () => {
  const table = newNeighborTable('eth0');
  for (const frame of framesOf('05-appliance-behind-unmanaged-switch-fwdmask-0x4000.pcap')) {
    // FDP, to 01:e0:52:cc:cc:cc, is not ours.
    if (frame[1] !== 0xe0) hear(table, decodeNeighborFrame(frame), 0);
  }
  const lldp = [...table.byKey.values()].filter(({ protocol }) => protocol === 'lldp');
  const phones = lldp.filter(({ isPhone }) => isPhone).map(({ mac }) => mac);
  expect(new Set(phones)).toEqual(new Set(['02:00:00:00:00:11', '02:00:00:00:00:13']));
  expect(lldp.filter(({ isBridge }) => isBridge).map(({ systemName }) => systemName)).toEqual([
    'access-sw1.example.net',
  ]);
});

it('so many frames at once and so many a second, no more', () => {
  const bucket = newTokenBucket({ burst: 200, perSecond: 100 });
  const passed = (now: number, tries: number) =>
    Array.from({ length: tries }, () => takeToken(bucket, now)).filter(Boolean).length;
  expect(passed(1_000_000, 500)).toBe(200);
  expect(passed(1_000_100, 500)).toBe(10);
  expect(passed(999_000, 500)).toBe(0);
});

it.each([
  ['SEP001B54945A8B', '00:1b:54:94:5a:8b'],
  ['001B54945A8B:P2', '00:1b:54:94:5a:8b'],
  ['00-15-65-AA-BB-CC', '00:15:65:aa:bb:cc'],
  ['phone 0015.65aa.bbcc', '00:15:65:aa:bb:cc'],
  ['poly-0200000000013', undefined],
  ['GigabitEthernet1/0/1', undefined],
])('the MAC within %s is %s', (text, mac) => {
  expect(macInText(text)).toBe(mac);
});

it('a neighbour lives no longer when the clock is set back', () => {
  const table = newNeighborTable('eth0');
  hear(table, heard('a'), 10_000_000);
  expect(expireNeighbors(table, 5000)).toEqual([]);
  expect(expireNeighbors(table, 125_000)).toMatchObject([{ chassis: 'a' }]);
});
