/** Calls between a phone and the one behind the cloud, with the packets that both ends' kernels saw. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Baresip } from '../support/baresip.ts';
import { until } from '../support/command.ts';
import type { RtpCount } from '../support/rtp-counter.ts';
import type { OfficeCloud } from './cloud.ts';
import { hosts } from './network.ts';
import type { OfficePhone } from './phone.ts';

/** Sent until somebody hung up, and heard of that in the end. */
export interface CallResult {
  readonly direction: 'outbound' | 'inbound';
  readonly phone: RtpCount;
  readonly callee: RtpCount;
}

export interface OpenCall {
  /** Packets since both were heard, or since it was dialled where they never are; the two ends are read one after the other, so only at rest do they match. */
  count(): Promise<{ phone: RtpCount; callee: RtpCount }>;
  /** By the end named; resolves when both ends know. */
  hangUp(by: 'phone' | 'callee'): Promise<void>;
}

/** Seen from the phone: `outbound` is dialled at the phone. Resolves when both ends say that the call is up. */
export async function openCall(
  cloud: OfficeCloud,
  phone: OfficePhone,
  direction: 'outbound' | 'inbound',
): Promise<OpenCall> {
  const { baresip } = phone;
  if (baresip === undefined) throw new Error(`phone ${phone.number} has no user agent yet`);
  const ends: readonly Baresip[] = [baresip, cloud.callee];
  const before = ends.map(({ events }) => events.length);
  const waitBoth = (type: string, since: readonly number[]) =>
    Promise.all(ends.map((end, at) => end.waitFor(type, { since: since[at] ?? 0 })));
  const caller = direction === 'outbound' ? baresip : cloud.callee;
  const number = direction === 'outbound' ? cloud.calleeNumber : phone.user;
  const counts = async () => await Promise.all([phone.rtp(), cloud.calleeRtp()]);
  const silent = await counts();
  await caller.command('dial', `sip:${number}@${hosts.main}`);
  await waitBoth('CALL_ESTABLISHED', before);
  // Through a router nobody outside gets in before the phone has spoken, which on a busy machine takes it a while.
  const start = await until(
    'both to be heard',
    async () => {
      const now = await counts();
      return now.every(({ heard }, at) => heard > (silent[at]?.heard ?? 0)) ? now : undefined;
    },
    { timeoutMs: 3000, everyMs: 50 },
  ).catch(() => silent);
  return {
    count: async () => {
      const now = await counts();
      return { phone: difference(now[0], start[0]), callee: difference(now[1], start[1]) };
    },
    hangUp: async (by) => {
      const since = ends.map(({ events }) => events.length);
      await (by === 'phone' ? baresip : cloud.callee).command('hangup');
      // baresip tells of the other side's hang-up only; its own is known by its having no call any more.
      const other = by === 'phone' ? cloud.callee : baresip;
      await other.waitFor('CALL_CLOSED', { since: since[ends.indexOf(other)] ?? 0 });
    },
  };
}

function difference(now: RtpCount, then: RtpCount): RtpCount {
  return { sent: now.sent - then.sent, heard: now.heard - then.heard };
}

/** Dials, talks for a while, hangs up: the phone ends its own calls, the other side its own. */
export async function holdCall(
  cloud: OfficeCloud,
  phone: OfficePhone,
  { direction, talkMs = 2000 }: { direction: 'outbound' | 'inbound'; talkMs?: number },
): Promise<CallResult> {
  const call = await openCall(cloud, phone, direction);
  await sleep(talkMs);
  // What is sent while the hang-up is on its way is nobody's to hear.
  const talked = await call.count();
  await call.hangUp(direction === 'outbound' ? 'phone' : 'callee');
  const ended = await call.count();
  return {
    direction,
    phone: { sent: talked.phone.sent, heard: ended.phone.heard },
    callee: { sent: talked.callee.sent, heard: ended.callee.heard },
  };
}
