/** Hostile packets through the whole server, store included. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MessageType } from '../../../appliance/protocol/dhcp.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { dhcpFuzz } from '../../long/dhcp-fuzz.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { boot, box, clientBytes, openDhcpSite } from './dhcp-site.ts';

const types: readonly MessageType[] = ['discover', 'request', 'decline', 'release', 'inform'];
const addresses = ['0.0.0.0', '10.66.0.100', '10.66.0.105', '10.66.0.109', '10.66.0.1', '192.168.1.1'];

/** Anything that a client could say in earnest. */
const earnest = fc
  .record({
    type: fc.constantFrom(...types),
    client: fc.integer({ min: 1, max: 20 }),
    ciaddr: fc.constantFrom(...addresses),
    giaddr: fc.constantFrom('0.0.0.0', '10.66.0.200', '10.77.0.1'),
    wanted: fc.option(fc.constantFrom(...addresses), { nil: undefined }),
    server: fc.option(fc.constantFrom(box, parseIpv4('10.66.0.9')), { nil: undefined }),
    bytes: fc.uint8Array({ maxLength: 255 }),
  })
  .map(({ type, client, ciaddr, giaddr, wanted, server, bytes }) =>
    clientBytes({
      type,
      mac: `80:5e:c0:00:00:${client.toString(16).padStart(2, '0')}`,
      ciaddr,
      giaddr,
      options: {
        ...(wanted === undefined ? {} : { requestedAddress: parseIpv4(wanted) }),
        ...(server === undefined ? {} : { serverIdentifier: server }),
        vendorClass: bytes,
        clientIdentifier: bytes.subarray(0, client % 9),
      },
    }),
  );

const damaged = fc
  .tuple(earnest, fc.array(fc.tuple(fc.nat(320), fc.nat(255)), { maxLength: 8 }), fc.option(fc.nat(400)))
  .map(([bytes, changes, length]) => {
    const copy = Uint8Array.from(bytes);
    for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
    return copy.subarray(0, length ?? copy.length);
  });

test('whatever comes in, nothing breaks, no address has two holders, and phones are still served', async () => {
  await using site = await openDhcpSite(temporaryDirectory(), 'authoritative = true');
  const packets = fc.sample(fc.oneof(earnest, damaged, fc.uint8Array({ maxLength: 600 })), {
    numRuns: 2000,
    seed: 1,
  });
  const given = new Map<string, number>();
  for (const [at, packet] of packets.entries()) {
    // Leases, offers and probations end now and then, or the ten addresses would soon all be taken.
    if (at % 50 === 0) await site.clock.advance(3_600_001);
    for (const answer of await site.raw(packet)) {
      given.set(answer.type, (given.get(answer.type) ?? 0) + 1);
    }
  }
  const counters = site.part.counters();
  expect(counters['errors']).toBeUndefined();
  expect(counters['unsaved']).toBeUndefined();
  expect(counters['malformed']).toBeGreaterThan(150);
  expect(
    [...given]
      .filter(([, count]) => count > 15)
      .map(([type]) => type)
      .toSorted(),
  ).toEqual(['ack', 'nak', 'offer']);
  const bound = site
    .leases()
    .filter(({ state, expiresAt }) => state === 'bound' && expiresAt > site.clock.now());
  const holders = bound.map(({ mac, clientId }) => clientId ?? mac);
  expect(new Set(holders).size).toBe(holders.length);
  await site.clock.advance(3_600_001);
  expect(await boot(site, '80:5e:c0:00:00:ff')).toMatch(/^10\.66\.0\.10\d$/);
});

test('damaged packets of real clients and phones end in an answer that can be read, in silence, or in DecodeError', async () => {
  expect(await dhcpFuzz(() => {}, { packets: 5000, seed: 1 })).toMatchObject({ passed: true });
});
