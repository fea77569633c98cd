/** 200 phones at the end of an outage: through the relay itself, on a clock that the test moves. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as soon, setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { headerValue } from '../../../appliance/protocol/sip-headers.ts';
import { decodeSipMessage, isRequest } from '../../../appliance/protocol/sip-message.ts';
import { hurriedClock, type FakeClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { accept, registerText } from '../../support/sip-registering.ts';
import { openSipSite, responseText, type SipSite } from '../../support/sip-site.ts';

const count = 200;
const tickMs = 500;
/** Of real time: a handshake within this machine, which would else seem to take many seconds. */
const connectMs = 20;
/** So long a slow one is waited for. */
const mostConnectMs = 2000;
/** Few at once: 12 a second at most, seen over so long. */
const togetherSeconds = 5;
const mostTogether = 12 * togetherSeconds;

const numberOf = (callId = '') => Number(/\d+$/.exec(callId)?.[0]) - 2000;

interface Phones {
  /**
   * Sends what is due, takes what came, and lets the registrar accept what reached it. Connections are real ones and take their
   * time, which this leaves them before the clock goes on.
   */
  tick(): Promise<void>;
  /** Each phone asks anew at this time, whatever it was told. */
  askAt(at: (phone: number) => number): void;
  /** When each phone was last accepted upstream, ms since 1970. */
  readonly acceptedAt: readonly number[];
}

/** One socket for all: they differ in their AOR. */
async function newPhones(site: SipSite, clock: FakeClock): Promise<Phones> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });
  const dueAt = Array.from({ length: count }, () => Infinity);
  const acceptedAt = Array.from({ length: count }, () => 0);
  let cseq = 1;
  socket.on('message', (bytes) => {
    const message = decodeSipMessage(bytes);
    if (isRequest(message) || message.status < 200) return;
    const granted = Number(/expires=(\d+)/.exec(headerValue(message, 'Contact') ?? '')?.[1]);
    const seconds =
      message.status === 200 ? granted * 0.9 : Number(headerValue(message, 'Retry-After') ?? 30);
    dueAt[numberOf(headerValue(message, 'Call-ID'))] = clock.now() + seconds * 1000;
  });
  return {
    acceptedAt,
    askAt: (at) => {
      for (const phone of dueAt.keys()) dueAt[phone] = at(phone);
    },
    tick: async () => {
      const now = clock.now();
      for (const [phone, due] of dueAt.entries()) {
        if (due > now) continue;
        // Asked again if nothing comes: RFC 3261's timer F.
        dueAt[phone] = now + 32_000;
        cseq += 1;
        socket.send(registerText({ cseq, aor: String(2000 + phone) }), site.port.udp, '127.0.0.1');
      }
      const begun = performance.now();
      do await sleep(connectMs);
      while (site.isConnecting && performance.now() - begun < mostConnectMs);
      for (const flow of site.upstream) {
        for (const waiting of flow.isClosed ? [] : [...flow.waiting]) {
          if (!isRequest(waiting)) continue;
          const request = await flow.request('REGISTER');
          accept(flow, request, { seconds: 3600 });
          acceptedAt[numberOf(headerValue(request, 'Call-ID'))] = clock.now();
        }
      }
      for (const probe of site.probes) {
        if (!probe.isClosed && probe.waiting.length > 0)
          probe.send(responseText(await probe.request('OPTIONS'), '200 OK'));
      }
      await soon();
      await clock.advance(tickMs);
    },
  };
}

it('200 phones that ask in the same moment are back at their registrar within 90 s, none later than 150 s, and few at once', async () => {
  const clock = hurriedClock();
  const site = await openSipSite({ rtp: false, clock });
  const phones = await newPhones(site, clock);
  const began = clock.now();
  phones.askAt((phone) => began + phone * 1000);
  while (!phones.acceptedAt.every(Boolean) && clock.now() < began + 300_000) await phones.tick();
  site.cutRegistrar(true);
  await until('the outage', () => site.journal('outage_began')[0], { timeoutMs: 5000, everyMs: 10 });
  const cut = clock.now();
  phones.askAt(() => cut);
  while (clock.now() < cut + 60_000) await phones.tick();
  site.cutRegistrar(false);
  const back = clock.now();
  const isBack = (at: number) => at > back;
  while (!phones.acceptedAt.every(isBack) && clock.now() < back + 200_000) await phones.tick();
  const seconds = phones.acceptedAt.map((at) => (at - back) / 1000).toSorted((a, b) => a - b);
  expect(seconds[count * 0.95 - 1]).toBeLessThanOrEqual(90);
  expect(seconds.at(-1)).toBeLessThanOrEqual(150);
  // Connections of several seconds come up together where the machine is busy; the pace itself is a unit test's.
  const together = Map.groupBy(seconds, (second) => Math.floor(second / togetherSeconds));
  expect(Math.max(...Array.from(together.values(), ({ length }) => length))).toBeLessThanOrEqual(
    mostTogether,
  );
}, 120_000);
