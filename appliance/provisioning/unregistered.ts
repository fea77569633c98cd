/**
 * Phones that were led through the box for SIP, ask for their configuration as ever, and are not registered: after a while
 * they are given back to the cloud. Only in the first day of being led, and only where it must be the phone: while the
 * registrar is there, and while others are registered. Pure.
 */
import type { Binding } from '../store/bindings.ts';
import type { PhoneConfiguration } from '../store/phone-configurations.ts';

/** A phone that boots, or that was signed in a moment ago, registers well within this. */
export const patienceMs = 15 * 60_000;
/** Phones of this service ask every few minutes. */
const aliveMs = 15 * 60_000;
/** Later it is not the way through the box. */
const trialMs = 24 * 3_600_000;
/** More at once, and more than a quarter of all: it is not the phones. */
const fewPhones = 3;

export interface Seen {
  readonly configurations: readonly PhoneConfiguration[];
  readonly bindings: readonly Binding[];
  /** ms since 1970. */
  readonly now: number;
  /** ms, by a clock that nobody sets: one that is set on by hours makes nobody impatient. */
  readonly monotonic: number;
}

/** `since`: by MAC, when a phone was first seen so, by the clock that nobody sets; kept from one look to the next. */
export function phonesToMoveBack(
  { configurations, bindings, now, monotonic }: Seen,
  since: Map<string, number>,
): PhoneConfiguration[] {
  const registered = bindings.filter(({ state, expiresAt }) => state !== 'lost' && expiresAt > now);
  const macs = new Set(registered.map(({ mac }) => mac));
  const addresses = new Set(registered.map(({ source }) => source.slice(0, source.lastIndexOf(':'))));
  const led = configurations.filter(
    ({ posture, account, at }) => posture === 'full' && account !== undefined && Math.abs(now - at) < aliveMs,
  );
  const silent = led.filter(({ mac, ip }) => !macs.has(mac) && !addresses.has(ip));
  const names = new Set(silent.map(({ mac }) => mac));
  for (const mac of since.keys()) if (!names.has(mac)) since.delete(mac);
  for (const { mac } of silent) if (!since.has(mac)) since.set(mac, monotonic);
  const isGeneral = silent.length > fewPhones && silent.length > led.length / 4;
  const isAlone = registered.length === 0 && led.length > 1;
  if (isGeneral || isAlone) return [];
  return silent.filter(
    ({ mac, postureAt }) =>
      postureAt !== undefined &&
      Math.abs(now - postureAt) < trialMs &&
      monotonic - (since.get(mac) ?? monotonic) >= patienceMs,
  );
}
