/** What is written down of a call. Nothing that happens here delays or ends one that asks for help. */
import { saveCallDialog } from '../store/call-dialogs.ts';
import { answerCall, endCall, saveCall } from '../store/calls.ts';
import type { Transaction } from '../store/store.ts';
import type { Application } from './application.ts';
import type { LiveCall } from './call-table.ts';

/** Somebody beside the caller knows of it. */
export async function recordStart(app: Application, call: LiveCall): Promise<void> {
  if (call.state !== 'trying') return;
  begin(app, call);
  call.state = 'ringing';
  await record(app, call, (tx) => writeStart(tx, call));
}

function begin(app: Application, call: LiveCall): void {
  app.counters.calls_started += 1;
  app.ladders.begin(call.id, call.legs);
}

function writeStart(tx: Transaction, call: LiveCall, answeredAt?: number): void {
  const { id, direction, from, to, startedAt } = call;
  const mac = call.binding.mac ?? undefined;
  saveCall(tx.db, { id, direction, from, to, startedAt, mac, answeredAt });
  tx.journal({ kind: 'call_started', mac, body: { call: id, direction, from, to } });
}

/** The INVITE of another leg went out. */
export function recordLeg(app: Application, call: LiveCall, callId: string): void {
  call.legs.push({ callId });
  app.ladders.join(call.id, { callId });
}

/** Also of one that never rang. Nothing when it has ended meanwhile. */
export async function recordAnswer(app: Application, call: LiveCall): Promise<void> {
  const { state } = call;
  if (state === 'ended') return;
  if (state === 'trying') begin(app, call);
  const now = app.time.now();
  call.state = 'up';
  call.answeredAt = now;
  await record(app, call, (tx) => {
    if (state === 'trying') writeStart(tx, call, now);
    else answerCall(tx.db, call.id, now);
    const seconds = Math.round((now - call.startedAt) / 1000);
    tx.journal({
      kind: 'call_answered',
      mac: call.binding.mac ?? undefined,
      body: { call: call.id, seconds },
    });
  });
}

/**
 * Once both legs are up, and whenever they have agreed on something else: the call goes on after a crash of ours. Nobody waits for it,
 * nor for a commit of its own.
 */
export function recordDialogs(app: Application, call: LiveCall): void {
  const { engine } = app.server;
  const { isEmergency, binding, callee, media } = call;
  const states = (['phone', 'cloud'] as const).flatMap((leg) => {
    const state = engine.dialogState?.(call.dialogs[leg] ?? '');
    if (state === undefined) return [];
    const { token } = (leg === 'phone' ? binding : callee) ?? {};
    const kept = { state, heard: media.heard(leg), token, isEmergency };
    return [{ call: call.id, leg, state: app.keptDialogs.text(kept) }];
  });
  if (call.state !== 'up' || states.length < 2) return;
  recordSoon(app, call, (tx) => {
    for (const state of states) saveCallDialog(tx.db, state);
  });
}

/** Its media toward the cloud goes through another address of ours, and the far end knows. `ms`: how long that took. */
export function recordMove(app: Application, call: LiveCall, ms: number): void {
  app.counters.calls_moved += 1;
  app.world.log.info({ call: call.id, ms: Math.round(ms) }, 'a call followed the address of the box');
  const body = { call: call.id, ms: Math.round(ms) };
  recordSoon(app, call, (tx) => tx.journal({ kind: 'call_moved', mac: call.binding.mac ?? undefined, body }));
}

export interface Packets {
  readonly phone: number;
  readonly cloud: number;
}

/** Nobody waits for it: whoever hung up has been answered. */
export function recordEnd(
  app: Application,
  call: LiveCall,
  { reason, packets }: { reason: string; packets: Packets | undefined },
): void {
  const endedAt = app.time.now();
  const seconds = call.answeredAt === undefined ? 0 : Math.round((endedAt - call.answeredAt) / 1000);
  const work = (tx: Transaction) => {
    endCall(tx.db, {
      id: call.id,
      endedAt,
      reason,
      ...(packets === undefined ? {} : { packetsFromPhone: packets.phone, packetsToPhone: packets.cloud }),
    });
    tx.journal({
      kind: 'call_ended',
      mac: call.binding.mac ?? undefined,
      body: {
        call: call.id,
        reason,
        seconds,
        packets_from_phone: packets?.phone,
        packets_to_phone: packets?.cloud,
      },
    });
  };
  recordSoon(app, call, work);
}

function recordSoon(app: Application, call: LiveCall, work: (tx: Transaction) => void): void {
  if (call.isEmergency) app.afterwards.write(work);
  else void app.store.soon(work).catch((error: unknown) => notWritten(app, call, error));
}

function notWritten({ counters, world }: Application, { id, state }: LiveCall, error: unknown): void {
  counters.errors += 1;
  world.log.error({ err: error, call: id, state }, 'something of a call could not be written down');
}

/** Of a call for help nobody waits for the store. */
async function record(app: Application, call: LiveCall, work: (tx: Transaction) => void): Promise<void> {
  if (call.isEmergency) app.afterwards.write(work);
  else await app.store.write(work);
}
