/** Circuit-ids and remote-ids as makers' guides show them. */
import { assert, property, string, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  circuitPort,
  relayIdText,
  remoteSwitch,
  type CircuitPort,
} from '../../../appliance/protocol/dhcp-relay-ids.ts';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const typed = (text: string) => Buffer.concat([Uint8Array.of(1, text.length), Buffer.from(text)]);

describe('the port that a circuit-id means', () => {
  test.each<[string, Uint8Array, CircuitPort]>([
    ['Cisco: VLAN, module and port', bytes('00 04 0014 01 05'), { port: '1/5', aliases: [] }],
    ['D-Link alone, module 0', bytes('00 04 0001 00 18'), { port: '0/24', aliases: [] }],
    ['Cisco: text of the admin', typed('desk 17'), { port: 'desk 17', aliases: [] }],
    ['Cisco: text that is an interface', typed('Gi1/0/5'), { port: 'Gi1/0/5', aliases: [] }],
    [
      'Juniper: logical interface and VLAN',
      Buffer.from('ge-0/0/5.0:VLAN20'),
      { port: 'ge-0/0/5', aliases: ['ge-0/0/5.0', 'ge-0/0/5.0:VLAN20'] },
    ],
    [
      'Juniper: with the host name in front, and a NUL behind',
      Buffer.from('access-1:ge-0/0/10:voice\0'),
      { port: 'ge-0/0/10', aliases: ['access-1:ge-0/0/10:voice'] },
    ],
    [
      'Huawei: port, VLANs and name',
      Buffer.from('GigabitEthernet0/0/5:20.0 HUAWEI/0/0/0/0/0/0'),
      { port: 'GigabitEthernet0/0/5', aliases: ['GigabitEthernet0/0/5:20.0 HUAWEI/0/0/0/0/0/0'] },
    ],
    ['a name with a blank', Buffer.from('Eth 1/0/5'), { port: 'Eth 1/0/5', aliases: [] }],
    ['Aruba CX: numbers alone', Buffer.from('1/1/5'), { port: '1/1/5', aliases: [] }],
    ["dhcrelay: the relay's card", Buffer.from('lan1'), { port: 'lan1', aliases: [] }],
    ['a name and a MAC', Buffer.from('office:00:1b:54'), { port: 'office:00:1b:54', aliases: [] }],
    [
      'two that look like ports: all of it',
      Buffer.from('Gi1/0/1:Gi1/0/2'),
      { port: 'Gi1/0/1:Gi1/0/2', aliases: [] },
    ],
    ['a form of nobody we know', bytes('00 03 0014 05'), { port: '0003001405', aliases: [] }],
    ['two bytes of a number', bytes('0015'), { port: '0015', aliases: [] }],
    ['control characters are no text', Buffer.from('Gi1/0/1\n'), { port: '4769312f302f310a', aliases: [] }],
  ])('%s', (_title, id, port) => {
    expect(circuitPort(id)).toEqual(port);
  });
});

describe('the switch that a remote-id means', () => {
  const mac = '00:1b:54:aa:00:01';
  test.each<[string, Uint8Array, string]>([
    ['Cisco: type, length and MAC', bytes('00 06 001b54aa0001'), mac],
    ['a MAC alone', bytes('001b54aa0001'), mac],
    ['a MAC as text', Buffer.from('001b.54aa.0001'), mac],
    ['a MAC whose bytes are all printable', bytes('38 2c 4a 21 22 23'), '38:2c:4a:21:22:23'],
    ['a name of six letters', Buffer.from('sw-001'), 'sw-001'],
    ['a name', Buffer.from('access-1.example.com'), 'access-1.example.com'],
    ['Cisco: text of the admin', typed('ASW1'), 'ASW1'],
    ['an address in bytes', bytes('0a140001'), '0a140001'],
  ])('%s', (_title, id, expected) => {
    expect(remoteSwitch(id)).toBe(expected);
  });
});

test('no bytes name nothing', () => {
  const nothing = new Uint8Array(0);
  expect([circuitPort(nothing), remoteSwitch(nothing), relayIdText(nothing)]).toEqual(
    Array.from({ length: 3 }, () => undefined),
  );
});

test('whatever the bytes, a name is printable and at most twice as long as they are', () => {
  assert(
    property(uint8Array({ minLength: 1, maxLength: 255 }), (id) => {
      const port = circuitPort(id);
      for (const name of [port?.port ?? '', ...(port?.aliases ?? []), remoteSwitch(id) ?? '']) {
        expect(name).toMatch(/^[ -~]+$/);
        expect(name.length).toBeLessThanOrEqual(Math.max(17, 2 * id.length));
      }
    }),
  );
});

test('whatever the text, all of it is among the names of the port', () => {
  assert(
    property(string({ minLength: 1, maxLength: 255, unit: 'grapheme-ascii' }), (text) => {
      const port = circuitPort(Buffer.from(text));
      expect([port?.port, ...(port?.aliases ?? [])]).toContain(text);
    }),
  );
});
