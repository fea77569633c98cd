/** A phone that the cloud does not take behind the box is given back to it, by itself and with a word why. */
import type { HttpAnswer } from '../net/http-server.ts';
import { postureFor, type Posture } from '../phones/posture.ts';
import { forgetMovedBack, readMovedBack, saveMovedBack, type MovedBackReason } from '../store/moved-back.ts';
import { savePosture, type PhoneConfiguration } from '../store/phone-configurations.ts';
import type { Transaction } from '../store/store.ts';
import { emptyAnswer, type Context } from './context.ts';
import type { Upstream } from './hosts.ts';
import type { Asker } from './identify.ts';
import type { Passing } from './passing.ts';

/** How far the box stands between this phone and the cloud: as the settings say, or not at all since it was moved back. */
export async function postureNow(
  { site, store }: Context,
  asker: Asker,
): Promise<{ posture: Posture; movedBack?: MovedBackReason }> {
  const posture = postureFor(site.posture_for, asker, site.posture);
  const moved = readMovedBack(store.db, asker.mac);
  if (moved === undefined) return { posture };
  if (moved.wanted === posture) return { posture: 'assist', movedBack: moved.reason };
  // The settings were changed since: it may try again.
  await store.write((tx) => forgetMovedBack(tx.db, asker.mac));
  return { posture };
}

/** Durable when it resolves. The phone is sent on to the very address that it asked for, with the certificate that it has. */
export async function moveBack(
  context: Context,
  { asker, posture, upstream }: Passing,
  reason: MovedBackReason,
): Promise<HttpAnswer> {
  await context.store.write((tx) => {
    noteMovedBack(context, tx, { phone: asker, before: posture, reason });
    savePosture(tx.db, { mac: asker.mac, posture: 'assist', at: context.world.clock.now() });
  });
  return toCloud(upstream);
}

interface MovingBack {
  readonly phone: Pick<PhoneConfiguration, 'mac' | 'vendor' | 'model'>;
  readonly before: Posture;
  readonly reason: MovedBackReason;
}

/** From its next configuration on the phone has the cloud's own addresses. */
export function noteMovedBack(
  { site, world }: Pick<Context, 'site' | 'world'>,
  tx: Transaction,
  { phone, before, reason }: MovingBack,
): void {
  const { mac, vendor, model } = phone;
  const wanted = postureFor(site.posture_for, phone, site.posture);
  saveMovedBack(tx.db, { mac, reason, wanted, at: world.clock.now() });
  if (before === 'assist') return;
  world.log.warn({ mac, vendor, reason }, 'phone moved back to the cloud');
  tx.journal({ kind: 'moved_back', mac, body: { vendor, model, reason } });
}

/** 302, which Cisco's phones follow too. */
export function toCloud({ use, host, path }: Upstream): HttpAnswer {
  const scheme = use === 'first' ? 'http' : 'https';
  return emptyAnswer(302, [['Location', `${scheme}://${host}${path}`]]);
}

export interface Refusals {
  /** Whether a later stage was refused (401, 403) twice with nothing good in between, and not in one breath. */
  isSecond(mac: string, status: number, now: number): boolean;
}

/** A cloud that is unwell refuses once; a phone asks again after minutes. */
const apartMs = 30_000;
const mostRemembered = 4096;

export function newRefusals(): Refusals {
  const first = new Map<string, number>();
  return {
    isSecond: (mac, status, now) => {
      if (status !== 401 && status !== 403) {
        if (status < 400) first.delete(mac);
        return false;
      }
      const at = first.get(mac);
      if (at === undefined) first.set(mac, now);
      const [oldest] = first.keys();
      if (first.size > mostRemembered && oldest !== undefined) first.delete(oldest);
      return at !== undefined && Math.abs(now - at) >= apartMs;
    },
  };
}
