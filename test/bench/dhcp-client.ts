/**
 * A closed loop of DHCP clients behind a relay, run as a program of its own in a namespace of its own:
 * `node dhcp-client.ts <server> <relay> <clients> <outstanding> <seconds> <first client>` prints one line of JSON.
 * With <seconds> 0 each client boots once, counted from the first packet; `lasted` is when the last one had its ACK.
 */
import { createSocket } from 'node:dgram';
import { addressOf, answer, answerType, phonesBehind, xidOf } from '../support/relayed-phones.ts';

export interface LoopResult {
  /** Exchanges a second. */
  readonly rate: number;
  /** From DISCOVER to ACK, ms. */
  readonly p50: number;
  readonly p99: number;
  /** From REQUEST to ACK, ms. */
  readonly ackP99: number;
  /** All exchanges, ms. */
  readonly lasted: number;
  readonly lost: number;
  readonly naks: number;
}

const [server = '', relay = '', ...numbers] = process.argv.slice(2);
const [clients = 1, outstanding = 1, seconds = 1, firstClient = 0] = numbers.map(Number);
const isOnce = seconds === 0;

/** An exchange that takes longer is lost, and its phone starts again. */
const lostAfterMs = 1000;
/** Before this the servers fill their caches and the runtime compiles. */
const warmUpMs = isOnce ? 0 : 1000;
/** The longest that booting all once may take. */
const onceMs = 30_000;
/** The lower bits of the transaction say which exchange it is. */
const slots = 1024;

interface Exchange {
  readonly xid: number;
  readonly client: number;
  readonly startedAt: number;
  requestedAt: number;
}

const phones = phonesBehind(relay);
const running = new Map<number, Exchange>();
const bound = new Set<number>();
const times: number[] = [];
const ackTimes: number[] = [];
let nextClient = firstClient;
let generation = 1;
let lost = 0;
let naks = 0;
let beganAt = 0;

const socket = createSocket({
  type: 'udp4',
  lookup: (host, _options, done) => done(null, host, 4),
  recvBufferSize: 4 << 20,
});

function next(slot: number): void {
  running.delete(slot);
  if (isOnce && nextClient >= firstClient + clients) return;
  begin(slot, isOnce ? nextClient : nextClient % clients);
  nextClient += 1;
}

function begin(slot: number, client: number): void {
  generation = (generation + 1) % 4_000_000;
  const exchange = { xid: generation * slots + slot, client, startedAt: performance.now(), requestedAt: 0 };
  running.set(slot, exchange);
  socket.send(phones.discover(client, exchange.xid), 67, server);
}

socket.on('message', (packet) => {
  const xid = xidOf(packet);
  const slot = xid % slots;
  const exchange = running.get(slot);
  if (exchange === undefined || exchange.xid !== xid) return;
  const now = performance.now();
  const type = answerType(packet);
  if (type === answer.offer) {
    if (exchange.requestedAt !== 0) return;
    exchange.requestedAt = now;
    socket.send(phones.select(exchange.client, xid, packet), 67, server);
    return;
  }
  if (type === answer.nak) naks += 1;
  if (type === answer.ack) {
    bound.add(addressOf(packet));
    if (now >= beganAt + warmUpMs) {
      times.push(now - exchange.startedAt);
      ackTimes.push(now - exchange.requestedAt);
    }
  }
  next(slot);
  if (isOnce && running.size === 0) report(now);
});

const at = (sorted: readonly number[], part: number) => sorted[Math.floor(sorted.length * part)] ?? 0;

function report(now: number): void {
  clearInterval(watch);
  socket.close();
  const sorted = times.toSorted((a, b) => a - b);
  const acks = ackTimes.toSorted((a, b) => a - b);
  const result: LoopResult = {
    rate: times.length / ((now - beganAt - warmUpMs) / 1000),
    p50: at(sorted, 0.5),
    p99: at(sorted, 0.99),
    ackP99: at(acks, 0.99),
    lasted: now - beganAt,
    // Who has the address of another one is not bound.
    lost: lost + (isOnce ? clients - bound.size : 0),
    naks,
  };
  console.log(JSON.stringify(result));
}

const watch = setInterval(() => {
  const now = performance.now();
  for (const [slot, { startedAt, client }] of running) {
    if (now - startedAt < lostAfterMs) continue;
    lost += 1;
    if (isOnce) begin(slot, client);
    else next(slot);
  }
  if (now > beganAt + (isOnce ? onceMs : warmUpMs + seconds * 1000)) report(now);
}, 50);

socket.bind(67, relay, () => {
  beganAt = performance.now();
  for (let slot = 0; slot < outstanding; slot += 1) next(slot);
});
