/**
 * Phones that never forget an ACK, as a program in the relay's namespace:
 * `node lease-holders-process.ts <server> <relay> <phones> <outstanding> <lostAfterMs>`.
 * They boot, boot again and release for ever. The line "check" on standard input makes every phone that holds a lease ask for
 * it once more (INIT-REBOOT); then one line of JSON, a `HoldersReport`, goes to standard output.
 */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import {
  addressOf,
  answer,
  answerType,
  phonesBehind,
  serverOf,
  xidOf,
  type HeldLease,
} from '../support/relayed-phones.ts';

export interface HoldersReport {
  /** Leases that were asked for again. */
  readonly held: number;
  /** ACKs since the start, checks not counted. */
  readonly acks: number;
  /** Whatever must never happen, one sentence each, since the start. */
  readonly broken: readonly string[];
}

const [server = '', relay = '', ...numbers] = process.argv.slice(2);
/** An exchange without an answer for `lostAfterMs` is over: the server was killed. */
const [phoneCount = 1, outstanding = 1, lostAfterMs = 150] = numbers.map(Number);
/** A lease is lost when the server is there and does not confirm it so often. */
const checkTries = 40;
/** A check that has found so much ends: the server has lost them all, and to hear nothing takes long. */
const maxBroken = 20;

interface Exchange {
  readonly phone: number;
  readonly xid: number;
  readonly startedAt: number;
  /** How often a check has asked for this phone's lease before; undefined outside of checks. */
  readonly tried: number | undefined;
  isRequested: boolean;
}

const phones = phonesBehind(relay);
const held = new Map<number, HeldLease>();
const holderOf = new Map<number, number>();
const running = new Map<number, Exchange>();
const busy = new Set<number>();
const broken: string[] = [];
let acks = 0;
let nextXid = 1;
/** Undefined while the phones do as they like; otherwise first what is under way comes to its end. */
let check: { held: number; left: [phone: number, tried: number][] } | undefined;
let isCheckWanted = false;

const socket = createSocket({
  type: 'udp4',
  lookup: (host, _options, done) => done(null, host, 4),
  recvBufferSize: 4 << 20,
});
// Nobody listens while the server is down.
socket.on('error', () => {});
const send = (packet: Buffer) => socket.send(packet, 67, server);
const say = (phone: number, words: string) => broken.push(`phone ${phone}: ${words}`);

function begin(phone: number, tried?: number): void {
  const lease = held.get(phone);
  const exchange = { phone, xid: nextXid++, startedAt: performance.now(), tried, isRequested: false };
  running.set(exchange.xid, exchange);
  busy.add(phone);
  const dice = Math.random();
  if (lease !== undefined && (tried !== undefined || dice < 0.5)) {
    exchange.isRequested = true;
    send(phones.reboot(phone, exchange.xid, lease.address));
    return;
  }
  if (lease !== undefined && dice < 0.6) {
    held.delete(phone);
    holderOf.delete(lease.address);
    send(phones.release(phone, lease));
  }
  send(phones.discover(phone, exchange.xid));
}

function fill(): void {
  if (isCheckWanted && running.size === 0) {
    isCheckWanted = false;
    check = { held: held.size, left: [...held.keys()].map((phone) => [phone, 0]) };
  }
  if (isCheckWanted) return;
  if (check !== undefined && broken.length >= maxBroken) check.left = [];
  while (running.size < outstanding) {
    const [phone, tried] =
      check === undefined ? [Math.floor(Math.random() * phoneCount)] : (check.left.pop() ?? []);
    if (phone === undefined) break;
    if (!busy.has(phone)) begin(phone, tried);
  }
  if (check === undefined || running.size > 0) return;
  const report: HoldersReport = { held: check.held, acks, broken };
  console.log(JSON.stringify(report));
  check = undefined;
  fill();
}

function end(exchange: Exchange): void {
  running.delete(exchange.xid);
  busy.delete(exchange.phone);
}

socket.on('message', (packet) => {
  const exchange = running.get(xidOf(packet));
  if (exchange === undefined) return;
  const { phone, xid } = exchange;
  const before = held.get(phone)?.address;
  const address = addressOf(packet);
  const type = answerType(packet);
  if (type === answer.offer) {
    if (exchange.isRequested) return;
    exchange.isRequested = true;
    if (before !== undefined && before !== address) say(phone, `has ${before} and is offered ${address}`);
    send(phones.select(phone, xid, packet));
    return;
  }
  end(exchange);
  if (type === answer.nak) {
    if (before !== undefined) say(phone, `had ${before} acknowledged and is refused`);
  } else if (type === answer.ack) {
    if (exchange.tried === undefined) acks += 1;
    if (before !== undefined && before !== address) say(phone, `had ${before} and got ${address}`);
    const other = holderOf.get(address);
    if (other !== undefined && other !== phone) say(phone, `got ${address}, which phone ${other} holds`);
    if (before !== undefined) holderOf.delete(before);
    held.set(phone, { address, server: serverOf(packet) });
    holderOf.set(address, phone);
  }
  fill();
});

setInterval(() => {
  const now = performance.now();
  for (const exchange of running.values()) {
    if (now - exchange.startedAt < lostAfterMs) continue;
    end(exchange);
    if (exchange.tried === undefined) continue;
    const tried = exchange.tried + 1;
    if (tried < checkTries) check?.left.push([exchange.phone, tried]);
    else say(exchange.phone, `had ${held.get(exchange.phone)?.address} acknowledged and hears nothing of it`);
  }
  fill();
}, 20);

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line !== 'check') return;
  isCheckWanted = true;
  fill();
});

socket.bind(67, relay, fill);
