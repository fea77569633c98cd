/**
 * A closed loop of DHCP clients behind a relay, run as a program of its own in a namespace of its own:
 * `node dhcp-client.ts <server> <relay address> <outstanding> <seconds> <first client>` prints one line of JSON.
 * It knows nothing of our codec: packets are two templates in which transaction, MAC and address are filled in.
 */
import { createSocket } from 'node:dgram';

const [server = '', relay = '', ...numbers] = process.argv.slice(2);
const [outstanding = 1, seconds = 1, firstClient = 0] = numbers.map(Number);

/** As many phones as a large site has; then the first ones boot again. */
const clients = 20_000;
/** An exchange that takes longer is lost, and its phone starts again. */
const lostAfterMs = 1000;
/** Before this the servers fill their caches and the runtime compiles. */
const warmUpSeconds = 1;

const head = Buffer.alloc(240);
head.set([1, 1, 6, 1], 0);
head.set(relay.split('.').map(Number), 24);
head.set([0x80, 0x5e, 0xc0], 28);
head.writeUInt32BE(0x63_82_53_63, 236);

const option = (code: number, value: Uint8Array) => Buffer.concat([Uint8Array.of(code, value.length), value]);
const asked = option(55, Uint8Array.of(1, 2, 3, 6, 42, 51, 58, 59, 66, 160));
const vendorClass = option(60, Buffer.from('yealink'));
const relayInformation = option(
  82,
  Buffer.from('0106000400010102020806000011223344 55'.replace(' ', ''), 'hex'),
);
const identifier = option(61, Uint8Array.of(1, 0x80, 0x5e, 0xc0, 0, 0, 0));
const end = Uint8Array.of(255);

const discover = Buffer.concat([
  head,
  option(53, Uint8Array.of(1)),
  identifier,
  asked,
  vendorClass,
  relayInformation,
  end,
]);
const request = Buffer.concat([
  head,
  option(53, Uint8Array.of(3)),
  identifier,
  option(50, new Uint8Array(4)),
  option(54, new Uint8Array(4)),
  asked,
  vendorClass,
  relayInformation,
  end,
]);
/** Positions after the message type option. */
const identifierAt = 243 + 6;
const wantedAt = 243 + identifier.length + 2;
const serverAt = wantedAt + 6;

interface Exchange {
  xid: number;
  client: number;
  startedAt: number;
  requestedAt: number;
}

const socket = createSocket({
  type: 'udp4',
  lookup: (host, _options, done) => done(null, host, 4),
  recvBufferSize: 4 << 20,
});
const running: Exchange[] = [];
const times: number[] = [];
const ackTimes: number[] = [];
let nextClient = firstClient;
let generation = 1;
let lost = 0;
let naks = 0;
let done = 0;
let countFrom = Number.POSITIVE_INFINITY;

/** The lower bits of the transaction say which exchange it is. */
const slots = 1024;

function fill(template: Buffer, exchange: Exchange): Buffer {
  const packet = Buffer.from(template);
  packet.writeUInt32BE(exchange.xid, 4);
  packet.writeUIntBE(exchange.client, 31, 3);
  packet.writeUIntBE(exchange.client, identifierAt, 3);
  return packet;
}

function begin(slot: number): void {
  generation = (generation + 1) % 4_000_000;
  const exchange = {
    xid: generation * slots + slot,
    client: nextClient % clients,
    startedAt: performance.now(),
    requestedAt: 0,
  };
  nextClient += 1;
  running[slot] = exchange;
  socket.send(fill(discover, exchange), 67, server);
}

socket.on('message', (packet) => {
  const xid = packet.readUInt32BE(4);
  const slot = xid % slots;
  const exchange = running[slot];
  if (exchange === undefined || exchange.xid !== xid) return;
  const now = performance.now();
  // The message type is the first option in both servers' answers.
  const type = packet[240] === 53 ? packet[242] : undefined;
  if (type === 2) {
    if (exchange.requestedAt !== 0) return;
    exchange.requestedAt = now;
    const answer = fill(request, exchange);
    packet.copy(answer, wantedAt, 16, 20);
    serverIdentifier(packet).copy(answer, serverAt);
    socket.send(answer, 67, server);
  } else if (type === 5) {
    if (now >= countFrom) {
      done += 1;
      times.push(now - exchange.startedAt);
      ackTimes.push(now - exchange.requestedAt);
    }
    begin(slot);
  } else {
    naks += 1;
    begin(slot);
  }
});

function serverIdentifier(packet: Buffer): Buffer {
  let at = 240;
  while (packet[at] !== 54) at += 2 + (packet[at + 1] ?? 0);
  return packet.subarray(at + 2, at + 6);
}

socket.bind(67, relay, () => {
  const beginAt = performance.now();
  countFrom = beginAt + warmUpSeconds * 1000;
  for (let slot = 0; slot < outstanding; slot += 1) begin(slot);
  const watch = setInterval(() => {
    const now = performance.now();
    for (const [slot, { startedAt }] of running.entries()) {
      if (now - startedAt < lostAfterMs) continue;
      lost += 1;
      begin(slot);
    }
    if (now < countFrom + seconds * 1000) return;
    clearInterval(watch);
    socket.close();
    const sorted = times.toSorted((a, b) => a - b);
    const acks = ackTimes.toSorted((a, b) => a - b);
    console.log(
      JSON.stringify({
        rate: done / ((now - countFrom) / 1000),
        p50: sorted[Math.floor(sorted.length * 0.5)],
        p99: sorted[Math.floor(sorted.length * 0.99)],
        ackP99: acks[Math.floor(acks.length * 0.99)],
        lost,
        naks,
        nextClient,
      }),
    );
  }, 50);
});
