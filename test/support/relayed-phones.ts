/**
 * DHCP packets of many phones behind a relay, made from templates in which transaction, phone and address are filled in:
 * nothing of the box's codec. Each phone has a MAC, an identifier and a switch port (option 82) of its own.
 */
export interface RelayedPhones {
  discover(phone: number, xid: number): Buffer;
  /** Takes the offer (RFC 2131 section 4.3.2, SELECTING). */
  select(phone: number, xid: number, offer: Buffer): Buffer;
  /** After a restart: the address that it had, and no server named (INIT-REBOOT). */
  reboot(phone: number, xid: number, address: number): Buffer;
  release(phone: number, lease: HeldLease): Buffer;
}

export interface HeldLease {
  /** IPv4 address as a number. */
  readonly address: number;
  /** Option 54 of its ACK. */
  readonly server: Buffer;
}

export const answer = { offer: 2, ack: 5, nak: 6 } as const;

/** Option 53 of an answer. Every server puts it first. */
export function answerType(packet: Buffer): number | undefined {
  return packet[240] === 53 ? packet[242] : undefined;
}

export const xidOf = (packet: Buffer) => packet.readUInt32BE(4);
export const addressOf = (packet: Buffer) => packet.readUInt32BE(16);

/** Option 54, four bytes. */
export function serverOf(packet: Buffer): Buffer {
  let at = 240;
  while (packet[at] !== 54) {
    if (at >= packet.length) throw new Error('an answer without option 54');
    at += 2 + (packet[at + 1] ?? 0);
  }
  return packet.subarray(at + 2, at + 6);
}

const option = (code: number, value: Uint8Array) => Buffer.concat([Uint8Array.of(code, value.length), value]);
const type = (code: number) => option(53, Uint8Array.of(code));
/** Bytes in front of the phone's number, three bytes, in MAC, identifier and circuit. */
const macAt = 31;
const identifierAt = 243 + 6;
const circuitAt = identifierAt + 3 + 2 + 2 + 3;
/** After the options that every message begins with. */
const restAt = circuitAt + 3 + 2 + 4;

/** `relay` is the giaddr, `vendorClass` option 60. */
export function phonesBehind(relay: string, vendorClass = 'yealink'): RelayedPhones {
  const head = Buffer.alloc(240);
  head.set([1, 1, 6, 1], 0);
  head.set(relay.split('.').map(Number), 24);
  head.set([0x80, 0x5e, 0xc0], 28);
  head.writeUInt32BE(0x63_82_53_63, 236);
  const identifier = option(61, Uint8Array.of(1, 0x80, 0x5e, 0xc0, 0, 0, 0));
  const circuit = option(1, Uint8Array.of(0, 4, 1, 0, 0, 0));
  const remote = option(2, Uint8Array.of(0, 0x11, 0x22, 0x33));
  const about = [identifier, option(82, Buffer.concat([circuit, remote]))];
  const asked = [
    option(55, Uint8Array.of(1, 2, 3, 6, 42, 51, 58, 59, 66, 160)),
    option(60, Buffer.from(vendorClass)),
  ];
  const message = (code: number, ...options: Buffer[]) =>
    Buffer.concat([head, type(code), ...about, ...options, Uint8Array.of(255)]);
  const address = option(50, Buffer.alloc(4));
  const server = option(54, Buffer.alloc(4));
  const discover = message(1, ...asked);
  const select = message(3, address, server, ...asked);
  const reboot = message(3, address, ...asked);
  const release = message(7, server);

  return {
    discover: (phone, xid) => fill(discover, phone, xid),
    select: (phone, xid, offer) => {
      const packet = fill(select, phone, xid);
      offer.copy(packet, restAt + 2, 16, 20);
      serverOf(offer).copy(packet, restAt + 8);
      return packet;
    },
    reboot: (phone, xid, wanted) => {
      const packet = fill(reboot, phone, xid);
      packet.writeUInt32BE(wanted, restAt + 2);
      return packet;
    },
    release: (phone, lease) => {
      const packet = fill(release, phone, 0);
      packet.writeUInt32BE(lease.address, 12);
      lease.server.copy(packet, restAt + 2);
      return packet;
    },
  };
}

function fill(template: Buffer, phone: number, xid: number): Buffer {
  const packet = Buffer.from(template);
  packet.writeUInt32BE(xid, 4);
  for (const at of [macAt, identifierAt, circuitAt]) packet.writeUIntBE(phone, at, 3);
  return packet;
}
