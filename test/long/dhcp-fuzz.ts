/** Hostile packets through the whole decision path, from bytes to bytes: random, cut, and changed ones of real clients. */
import { parseConfig } from '../../appliance/config.ts';
import { decide } from '../../appliance/dhcp/decision.ts';
import { networkOf, openNetworks, type Network } from '../../appliance/dhcp/networks.ts';
import { encodeReply, type Datagram } from '../../appliance/dhcp/reply.ts';
import { readRequest } from '../../appliance/dhcp/request.ts';
import { DecodeError } from '../../appliance/protocol/bytes.ts';
import { decodeMessage, encodeMessage } from '../../appliance/protocol/dhcp.ts';
import { decodeOptions, encodeOptions, type DhcpOptions } from '../../appliance/protocol/dhcp-options.ts';
import { decodeRelayInformation } from '../../appliance/protocol/dhcp-relay-information.ts';
import { decodeSubOptions } from '../../appliance/protocol/dhcp-vendor-options.ts';
import type { Finding } from './results.ts';

const sayEvery = 1_000_000;
/** The server's time from one packet to the next: offers, leases and probations end under way. */
const packetMs = 20;
const reportAtMost = 5;

/** A run of `npm test` is short and always the same. */
export async function dhcpFuzz(
  say: (line: string) => void,
  { packets = 10_000_000, seed = Date.now() >>> 0 } = {},
): Promise<Finding> {
  const random = randomFrom(seed);
  const networks = openNetworks(settings, { tenures: [], now: 0, isLeaving: () => false });
  const counts = new Map<string, number>();
  const faults: string[] = [];
  for (let at = 0; at < packets && faults.length < reportAtMost; at += 1) {
    const packet = nextPacket(random);
    try {
      const outcome = answered(packet, networks, at * packetMs);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    } catch (error) {
      faults.push(`${String(error)} for ${Buffer.from(packet).toString('hex')}`);
    }
    if ((at + 1) % sayEvery === 0) {
      say(`${(at + 1) / 1e6} million packets`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const kinds = [...counts].toSorted(([, a], [, b]) => b - a).map(([kind, count]) => `${kind} ${count}`);
  const isBroad = ['malformed', 'silence', 'offer', 'ack', 'nak'].every((kind) => counts.has(kind));
  return {
    name: 'dhcp-fuzz',
    passed: faults.length === 0 && isBroad,
    detail:
      faults.length > 0
        ? `seed ${seed}: ${faults.join('; ')}`
        : `${packets} packets (seed ${seed}): random bytes, and DISCOVERs, REQUESTs and others as real clients and phones send ` +
          `them, changed, cut, spliced and lengthened. From bytes to decision to bytes: nothing but DecodeError was thrown, each ` +
          `answer could be read, kept the client's limit and held option 82 whole. ${kinds.join(', ')}.`,
  };
}

const settings = parseConfig(`
[site]
address = "10.66.0.1"
time_zone = "America/New_York"
tenant_id = "0a1b2c3d-1111-2222-3333-444455556666"
language = "ja"
[dhcp]
mode = "server"
authoritative = true
subnet = "10.66.0.0/24"
pool = ["10.66.0.100", "10.66.0.199"]
routers = ["10.66.0.1"]
dns_servers = ["10.66.0.1"]
lease_seconds = 3600
voice_vlan = 20
[[dhcp.network]]
subnet = "10.77.0.0/24"
pools = [["10.77.0.10", "10.77.0.20"]]
routers = ["10.77.0.1"]
`);

/** What became of it. Throws for whatever is our fault. */
function answered(packet: Uint8Array, networks: readonly Network[], now: number): string {
  try {
    const message = decodeMessage(packet);
    for (const decoded of [decodeOptions, readOthers]) tolerant(() => decoded(message.options));
    const request = readRequest(message);
    const network = request && networkOf(request, 'eth0', networks);
    if (request === undefined || network === undefined) return 'ignored';
    const { reply } = decide(request, network, now);
    if (reply === undefined) return 'silence';
    check(encodeReply(reply), request.maxBytes, message.options.get(82));
    return reply.type;
  } catch (error) {
    if (error instanceof DecodeError) return 'malformed';
    throw error;
  }
}

function readOthers(options: ReadonlyMap<number, Uint8Array>): void {
  decodeSubOptions(options.get(43) ?? new Uint8Array(0));
  decodeRelayInformation(options.get(82) ?? new Uint8Array(0));
}

function tolerant(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}

function check({ bytes, leftOut }: Datagram, maxBytes: number, relay: Uint8Array | undefined): void {
  if (bytes.length > maxBytes || bytes.length < 300) throw new Error(`an answer of ${bytes.length} bytes`);
  let options: ReadonlyMap<number, Uint8Array>;
  try {
    options = decodeMessage(bytes).options;
    decodeOptions(options);
  } catch (error) {
    throw new Error(`an answer that can't be read: ${Buffer.from(bytes).toString('hex')}`, { cause: error });
  }
  if (relay === undefined || leftOut.includes(82)) return;
  if (!Buffer.from(options.get(82) ?? []).equals(relay)) throw new Error('option 82 came back changed');
}

type Random = (below: number) => number;

/** Mulberry32: small, and the same for the same seed. */
function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** What udhcpc, dhclient, dhcpcd, networkd and phones send besides; the type is chosen anew each time. */
const originals: readonly Uint8Array[] = (
  [
    [
      '805ec0010203',
      {
        maxMessageSize: 576,
        vendorClass: latin1('udhcp 1.35.0'),
        parameterRequestList: codes(1, 3, 6, 12, 15, 28, 42, 66, 67, 160),
      },
    ],
    [
      '0004f2112233',
      {
        parameterRequestList: codes(1, 3, 42, 2, 6, 15, 66, 160, 51, 58, 59),
        vendorClass: latin1('\0\0\x36\x3d\x06\x01\x04Poly'),
      },
    ],
    [
      '00562b043615',
      {
        vendorClass: latin1('Cisco Systems, Inc. IP Phone CP-8841-3PCC\0'),
        parameterRequestList: codes(66, 160, 159, 150, 60, 43, 125),
      },
    ],
    [
      '00156599aabb',
      {
        maxMessageSize: 1472,
        clientIdentifier: latin1('\xff\x0a\x0b\x0c\x0d\0\x02\0\0\xab\x11\x11\x22\x33\x44'),
        parameterRequestList: codes(100, 101, 1, 3, 66),
      },
    ],
    [
      '3ca628112233',
      { requestedAddress: 0x0a_42_00_69, serverIdentifier: 0x0a_42_00_01, vendorClass: latin1('ictouch.0') },
    ],
    [
      '00908f112233',
      {
        requestedAddress: 0x0a_42_00_69,
        relayAgentInformation: latin1('\x01\x07Gi1/0/3\x02\x04abcd\x05\x04\x0a\x4d\0\0'),
      },
    ],
    [
      '02aabbccdd01',
      { subnetSelection: 0x0a_4d_00_00, hostName: 'pc', domainSearch: ['corp.example'], message: 'in use' },
    ],
    [
      '805ec0010204',
      {
        classlessRoutes: [{ network: 0x0a_00_00_00, prefix: 8, router: 0x0a_42_00_01 }],
        vendorIdentifyingClass: [{ enterprise: 13_885, classes: [latin1('Trio')] }],
      },
    ],
  ] satisfies [string, DhcpOptions][]
).map(([mac, options]) => originalOf(mac, options));

function originalOf(mac: string, options: DhcpOptions): Uint8Array {
  const empty = new Uint8Array(0);
  const header = { op: 'request', htype: 1, hops: 0, xid: 7, secs: 0, flags: 0 } as const;
  return encodeMessage({
    ...header,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: Buffer.from(mac, 'hex'),
    sname: empty,
    file: empty,
    options: encodeOptions({ messageType: 1, ...options }),
  }).bytes;
}

function codes(...list: number[]): Uint8Array {
  return Uint8Array.from(list);
}

function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

const addresses = [0x0a_42_00_64, 0x0a_42_00_69, 0x0a_4d_00_0a, 0x0a_42_00_01, 0];

function nextPacket(random: Random): Uint8Array {
  const how = random(20);
  if (how === 0) return bytesOf(random(700), random);
  const original = originals[random(originals.length)] ?? new Uint8Array(0);
  const bytes = Buffer.concat([original, Buffer.alloc(random(4) * 20)]);
  // Some of the time a client in earnest: its kind of message, its address, one of a few thousand MACs.
  bytes[242] = 1 + random(8);
  if (random(3) === 0) bytes.writeUInt32BE([0x0a_42_00_c8, 0x0a_4d_00_01][random(2)] ?? 0, 24);
  bytes.writeUInt16BE(random(3000), 32);
  if (random(3) === 0) bytes.writeUInt32BE(addresses[random(addresses.length)] ?? 0, 12);
  if (how < 5) return bytes;
  for (let changes = random(8); changes > 0; changes -= 1) change(bytes, random);
  if (how < 8) return bytes.subarray(0, random(bytes.length));
  if (how < 10) return Buffer.concat([bytes.subarray(0, -1 - random(20)), bytesOf(random(900), random)]);
  return bytes;
}

/** Options are where most can go wrong. */
function change(bytes: Buffer, random: Random): void {
  const from = random(4) === 0 ? 0 : 236;
  const at = from + random(bytes.length - from);
  const how = random(3);
  bytes[at] =
    how === 0
      ? random(256)
      : how === 1
        ? ([0, 1, 52, 82, 255][random(5)] ?? 0)
        : (bytes[at] ?? 0) ^ (1 << random(8));
}

function bytesOf(length: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)));
}
