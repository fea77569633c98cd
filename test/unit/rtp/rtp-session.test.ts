import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Remote } from '../../../appliance/protocol/media-control.ts';
import { newPortPool, restMs } from '../../../appliance/rtp/ports.ts';
import {
  countOf,
  isExpired,
  isFarEnd,
  mostUnheardBytes,
  newSession,
  onPacket,
  onRelayed,
  relatchMs,
  setRemote,
  type Arrival,
  type Session,
} from '../../../appliance/rtp/session.ts';

const rtp = new Uint8Array(Buffer.from('80001234000000a0deadbeef0000', 'hex'));
const rtcp = new Uint8Array(Buffer.from('80c90001deadbeef', 'hex'));
const phone: Remote = { address: '10.66.0.101', port: 4000, rtcpPort: 4001, allow: ['10.66.0.101'] };
const cloud: Remote = { address: '203.0.113.20', port: 6000, rtcpPort: 6001, allow: ['203.0.113.20'] };

function talking(): Session {
  const session = newSession('call.0', 0);
  setRemote(session, 'phone', phone);
  setRemote(session, 'cloud', cloud);
  session.expectsMedia = true;
  return session;
}

const fromPhone = (packet: Uint8Array, port = 4000, address = '10.66.0.101') =>
  ({ leg: 'phone', component: 'rtp', from: { address, port }, packet }) as const;

it('a packet goes to the signalled place of the other leg', () => {
  expect(onPacket(talking(), fromPhone(rtp), 1)).toEqual({
    leg: 'cloud',
    component: 'rtp',
    to: { address: '203.0.113.20', port: 6000 },
  });
});

it('the first RTP packet from the far end decides where its media comes from and goes to', () => {
  const session = talking();
  expect(onPacket(session, fromPhone(rtp, 4444), 1)).toBeDefined();
  const back = {
    leg: 'cloud',
    component: 'rtp',
    from: { address: '203.0.113.20', port: 6000 },
    packet: rtp,
  } as const;
  expect(onPacket(session, back, 2)?.to).toEqual({ address: '10.66.0.101', port: 4444 });
  expect(onPacket(session, fromPhone(rtp, 4445), 3), 'another port of the same phone').toBeUndefined();
});

it('the signalled place is heard even after another one spoke first', () => {
  const session = talking();
  onPacket(session, fromPhone(rtp, 4444), 1);
  expect(onPacket(session, fromPhone(rtp, 4000), 2)).toBeDefined();
  expect(onPacket(session, fromPhone(rtp, 4444), 3)).toBeUndefined();
});

it('what comes from port 0 is nobody: no answer could go there', () => {
  const session = talking();
  expect(onPacket(session, fromPhone(rtp, 0), 1)).toBeUndefined();
  const back = { leg: 'cloud', component: 'rtp', from: { address: '203.0.113.20', port: 6000 }, packet: rtp };
  expect(onPacket(session, back as Arrival, 2)?.to).toEqual({ address: '10.66.0.101', port: 4000 });
});

it('a far end that wants no reports gets none', () => {
  const session = talking();
  setRemote(session, 'phone', { ...phone, rtcpPort: 0 });
  const report = {
    leg: 'cloud',
    component: 'rtcp',
    from: { address: '203.0.113.20', port: 6001 },
    packet: rtcp,
  };
  expect(onPacket(session, report as Arrival, 1)).toBeUndefined();
});

it("nobody else's packets are relayed, before or after", () => {
  const session = talking();
  expect(onPacket(session, fromPhone(rtp, 4000, '10.66.0.66'), 1)).toBeUndefined();
  onPacket(session, fromPhone(rtp), 2);
  expect(onPacket(session, fromPhone(rtp, 4000, '10.66.0.66'), 3)).toBeUndefined();
  expect(countOf(session, 3).phone).toEqual({ packets: 1, bytes: rtp.length, rtcp: 0, dropped: 2 });
});

it('a far end behind address translation may come from anywhere, once', () => {
  const session = talking();
  setRemote(session, 'phone', { address: '192.168.1.5', port: 7000, rtcpPort: 7001, allow: ['*'] });
  expect(onPacket(session, fromPhone(rtp, 9999, '198.51.100.7'), 1)).toBeDefined();
  expect(onPacket(session, fromPhone(rtp, 9999, '198.51.100.8'), 2)).toBeUndefined();
});

it('a new place in a re-INVITE is learned anew, the same again is not', () => {
  const session = talking();
  onPacket(session, fromPhone(rtp, 4444), 1);
  setRemote(session, 'phone', { ...phone });
  expect(onPacket(session, fromPhone(rtp, 4445), 2)).toBeUndefined();
  setRemote(session, 'phone', { ...phone, port: 5000, rtcpPort: 5001 });
  expect(onPacket(session, fromPhone(rtp, 5000), 3)).toBeDefined();
});

it('a far end that was silent for long may come back from another port of its address', () => {
  const session = talking();
  onPacket(session, fromPhone(rtp, 4444), 1000);
  expect(onPacket(session, fromPhone(rtp, 4445), 1000 + relatchMs)).toBeUndefined();
  expect(onPacket(session, fromPhone(rtp, 4445, '10.66.0.66'), 1001 + relatchMs)).toBeUndefined();
  expect(onPacket(session, fromPhone(rtp, 4445), 1001 + relatchMs)).toBeDefined();
  expect(onPacket(session, fromPhone(rtp, 4444), 1002 + relatchMs), 'its old port').toBeUndefined();
});

it('what the kernel relayed counts as heard', () => {
  const session = talking();
  onPacket(session, fromPhone(rtp, 4444), 0);
  onRelayed(session, 'phone', { packets: 50, bytes: 8600, now: 50_000 });
  expect(isExpired(session, 110_000, 60_000)).toBe(false);
  expect(onPacket(session, fromPhone(rtp, 4445), 55_000)).toBeUndefined();
  expect(countOf(session, 60_000).phone).toMatchObject({ packets: 51, bytes: rtp.length + 8600 });
});

it('the far end is who was heard, and where it said to be; nobody else of those who may begin', () => {
  const session = talking();
  const isHeard = (port: number, address?: string) => isFarEnd(session, fromPhone(rtp, port, address));
  expect([isHeard(4000), isHeard(4444), isHeard(4000, '10.66.0.66')]).toEqual([true, false, false]);
  onPacket(session, fromPhone(rtp, 4444), 1);
  expect([isHeard(4000), isHeard(4444), isHeard(4445)]).toEqual([true, true, false]);
});

it('media may come from a network of the service', () => {
  const session = talking();
  setRemote(session, 'phone', { address: '10.1.1.1', port: 7000, rtcpPort: 7001, allow: ['52.112.0.0/14'] });
  expect(onPacket(session, fromPhone(rtp, 1, '52.116.0.1'), 1)).toBeUndefined();
  expect(onPacket(session, fromPhone(rtp, 1, '52.115.255.254'), 1)).toBeDefined();
});

it('T.38 has packets that look like anything, and they pass between its two ends alone', () => {
  const session = talking();
  setRemote(session, 'phone', { ...phone, port: 4100, rtcpPort: 4100, isUdptl: true });
  const udptl = new Uint8Array([0, 1, 6, 192, 1, 128]);
  expect(onPacket(session, fromPhone(udptl, 4100, '10.66.0.66'), 1)).toBeUndefined();
  expect(onPacket(session, fromPhone(udptl, 4100), 1)?.to).toEqual({ address: '203.0.113.20', port: 6000 });
});

it('what is no media opens nothing', () => {
  const session = talking();
  for (const packet of ['', '0d0a', '40001234000000a0deadbeef', '80']) {
    expect(onPacket(session, fromPhone(new Uint8Array(Buffer.from(packet, 'hex')), 4444), 1)).toBeUndefined();
  }
  expect(onPacket(session, fromPhone(rtp, 4001), 2)).toBeDefined();
});

it('RTCP has its own ports and its own count', () => {
  const session = talking();
  const report = {
    leg: 'phone',
    component: 'rtcp',
    from: { address: '10.66.0.101', port: 4001 },
    packet: rtcp,
  } as const;
  expect(onPacket(session, report, 1)).toEqual({
    leg: 'cloud',
    component: 'rtcp',
    to: { address: '203.0.113.20', port: 6001 },
  });
  expect(countOf(session, 1).phone).toMatchObject({ packets: 0, rtcp: 1 });
});

it('nothing is sent to a leg that wants no media or is not known yet', () => {
  const session = newSession('call.0', 0);
  setRemote(session, 'phone', phone);
  expect(onPacket(session, fromPhone(rtp), 1)).toBeUndefined();
  setRemote(session, 'cloud', { ...cloud, address: '0.0.0.0' });
  expect(onPacket(session, fromPhone(rtp), 2)).toBeUndefined();
});

it('a call is dead after its time of silence, one that is held much later', () => {
  const session = talking();
  onPacket(session, fromPhone(rtp), 1000);
  expect(isExpired(session, 61_000, 60_000)).toBe(false);
  expect(isExpired(session, 61_001, 60_000)).toBe(true);
  session.expectsMedia = false;
  expect(isExpired(session, 61_001, 60_000)).toBe(false);
  expect(isExpired(session, 3_601_001, 60_000)).toBe(true);
});

it("a third party's packets do not keep a call alive", () => {
  const session = talking();
  onPacket(session, fromPhone(rtp), 1000);
  onPacket(session, fromPhone(rtp, 4000, '10.66.0.66'), 60_000);
  expect(isExpired(session, 61_001, 60_000)).toBe(true);
});

it('a packet is dropped or goes to the other leg, whatever is in it', () => {
  const session = talking();
  const from = { address: '10.66.0.101', port: 4000 };
  const arrivals = fc.record({
    leg: fc.constantFrom('phone', 'cloud'),
    component: fc.constantFrom('rtp', 'rtcp'),
    from: fc.constant(from),
    packet: fc.uint8Array({ maxLength: 64 }),
  });
  const isRight = (arrival: Arrival) => onPacket(session, arrival, 5)?.leg !== arrival.leg;
  fc.assert(fc.property(arrivals, isRight));
  expect(countOf(session, 5).cloud.packets).toBe(0);
});

it('a port that is reserved is given to nobody until it is released', () => {
  const pool = newPortPool(20_000, 20_003);
  expect([20_000, 20_000, 20_001, 20_004, 19_998].map((port) => pool.reserve(port))).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
  expect([pool.take(0, 0), pool.take(0, 0)]).toEqual([20_002, undefined]);
  pool.release(20_000, 0);
  expect(pool.take(restMs, 0)).toBe(20_000);
});

it('when all ports rest, the one that has rested longest is given', () => {
  const pool = newPortPool(20_000, 20_007);
  const taken = Array.from({ length: 4 }, () => pool.take(0, 0.3) ?? 0);
  for (const [at, port] of taken.entries()) pool.release(port, at);
  expect([pool.take(10, 0.9), pool.take(10, 0)]).toEqual([taken[0], taken[1]]);
  expect(pool.reserve(taken[2] ?? 0), 'resting').toBe(true);
  expect(pool.take(10, 0)).toBe(taken[3]);
  expect(pool.take(10, 0)).toBeUndefined();
});

it('ports are even, each is given once, and rests before it is given again', () => {
  const pool = newPortPool(20_001, 20_009);
  const first = Array.from({ length: 4 }, () => pool.take(0, 0.5));
  expect(first.toSorted((a = 0, b = 0) => a - b)).toEqual([20_002, 20_004, 20_006, 20_008]);
  expect(pool.take(0, 0.5)).toBeUndefined();
  pool.release(20_004, 0);
  pool.release(20_008, 10);
  expect(pool.take(restMs + 5, 0), 'the one that has rested').toBe(20_004);
  expect(pool.take(restMs + 5, 0), 'when no other is left').toBe(20_008);
});

it('a far end that may know nothing of the call gets so much and no more, until it is heard or known to be there', () => {
  const back = { leg: 'cloud', component: 'rtp', from: { address: '203.0.113.20', port: 6000 } } as const;
  const packet = new Uint8Array(1000);
  packet.set(rtp);
  const passed = (session: Session) =>
    Array.from({ length: 200 }, () => onPacket(session, { ...back, packet }, 1)).filter(
      (forward) => forward !== undefined,
    ).length;
  const unproven = { ...phone, isUnproven: true };
  const session = talking();
  setRemote(session, 'phone', unproven);
  expect(passed(session)).toBe(mostUnheardBytes / 1000);
  setRemote(session, 'phone', { ...unproven, port: 4100 });
  expect(passed(session), 'led elsewhere').toBe(0);
  const told = session.revision;
  setRemote(session, 'phone', { ...phone, port: 4100 });
  expect(session.revision, 'for the process after us').toBeGreaterThan(told);
  expect(passed(session)).toBe(200);
  const other = talking();
  setRemote(other, 'phone', unproven);
  passed(other);
  onPacket(other, fromPhone(rtp), 2);
  expect(passed(other)).toBe(200);
});
