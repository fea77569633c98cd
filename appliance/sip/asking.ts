/** An INVITE that we send for a call, until its final answer or until its far end has been silent for too long. */
import type { LegName } from '../protocol/media-control.ts';
import type { Application } from './application.ts';
import { letGo } from './call-end.ts';
import { recordLeg } from './call-record.ts';
import type { Placing } from './call-offer.ts';
import { withReliability } from './reliability.ts';
import { nameAsCaller } from './replaces.ts';
import { sendInvite } from './session-timers.ts';
import type { Outgoing, Received } from './srf.ts';
import { enough } from '../world.ts';

export interface Asking {
  readonly outgoing: Outgoing;
  /** Whose answer it is. */
  readonly leg: LegName;
  /** Sent once more when its connection turns out dead and nobody has heard of the call. */
  readonly isRepeated: boolean;
  readonly silence: Silence | undefined;
}

export interface Silence {
  readonly ms: number;
  /** Asked after so long without a word. */
  mayLeave(): Promise<boolean>;
}

/** Of a far end that has said that it is trying, and nothing more. */
const tryingFactor = 3;

/** Undefined: silence, and whatever comes yet is hung up. */
export async function ask(app: Application, placing: Placing, asking: Asking): Promise<Received | undefined> {
  const { attempt, onProvisional, isCancelled } = placing;
  const { call } = attempt;
  const { outgoing, leg, silence } = asking;
  const onLonger = (seconds: number) => {
    if (leg === 'cloud' && !call.isLocal) app.sessionSeconds.set(call.binding.registrar, seconds);
  };
  let heard: 'nothing' | 'trying' | 'more' = 'nothing';
  let isLeft = false;
  const send = async () => {
    const sent = await sendInvite(app, withReliability(attempt, outgoing), {
      onLonger,
      onSent: (callId) => recordLeg(app, call, callId),
      onProvisional: (response) => {
        if (heard !== 'more') heard = response.status === 100 ? 'trying' : 'more';
        if (!isLeft) onProvisional(response);
      },
      onFinal: (response) => {
        if (response.localCause === undefined) heard = 'more';
        if (response.status > 299 || response.dialogId === undefined || isLeft) return;
        app.calls.setDialog(call, leg, response.dialogId);
        call.names[leg] = nameAsCaller(response);
      },
    });
    if (isCancelled() || isLeft) sent.cancel();
    if (!isLeft) call.takeBack = (headers) => sent.cancel(headers);
    const final = await sent.final;
    if (isLeft) await letGo(app, final);
    return final;
  };
  const reached = (async () => {
    const final = await send();
    const isDead = final.localCause === 'flow-failed' && heard === 'nothing' && !isCancelled() && !isLeft;
    return isDead && asking.isRepeated ? await send() : final;
  })();
  if (silence === undefined) return await reached;
  const stop = new AbortController();
  const silent = async () => {
    await app.world.clock.sleep(silence.ms, stop.signal).catch(() => undefined);
    if (heard === 'trying')
      await app.world.clock.sleep((tryingFactor - 1) * silence.ms, stop.signal).catch(() => undefined);
    if (stop.signal.aborted || isMore() || !(await silence.mayLeave()) || isMore()) return await reached;
    isLeft = true;
    call.takeBack?.();
    reached.catch(() => undefined);
    return undefined;
  };
  const isMore = () => heard === 'more';
  try {
    return await Promise.race([reached, silent()]);
  } finally {
    stop.abort(enough);
  }
}
