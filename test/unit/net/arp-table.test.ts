import { expect, it } from 'vitest';
import { parseArpTable } from '../../../appliance/net/arp-table.ts';

/** As Linux prints it: one complete entry, one that nobody answered, one of another kind. */
const table = `IP address       HW type     Flags       HW address            Mask     Device
10.20.0.101      0x1         0x2         80:5E:C0:00:00:01     *        eth0
10.20.0.102      0x1         0x0         00:00:00:00:00:00     *        eth0
10.20.0.103      0x1         0x6         00:04:f2:00:00:02     *        eth0
`;

it('reads who answered, and leaves out who did not', () => {
  expect(parseArpTable(table)).toEqual([
    { ip: '10.20.0.101', mac: '80:5e:c0:00:00:01' },
    { ip: '10.20.0.103', mac: '00:04:f2:00:00:02' },
  ]);
});

it('an empty table, or something else, is nobody', () => {
  expect(parseArpTable('')).toEqual([]);
  expect(parseArpTable('x\ny z\n')).toEqual([]);
});
