/** A call for help as the other calls see it: when it begins, when somebody takes it, when it is over. */
import { addressOf, type Application } from '../application.ts';
import type { Rescue } from '../call-ports.ts';
import type { LiveCall } from '../call-table.ts';
import type { Incoming } from '../srf.ts';
import { attendantsHere } from '../survival.ts';

/** Of one address, which may be a base with many handsets: beyond it each of them is in a call already. */
const atOnce = 16;

/**
 * Forged calls would take the way of the phone whose address they bear: those of an address where nobody answers don't count, and a phone
 * answers to whoever asks, so that what comes over UDP counts against UDP alone.
 */
export function isFlooding({ calls }: Application, { source, transport }: Incoming): boolean {
  const address = addressOf(source);
  const same = calls
    .all()
    .filter(
      ({ isEmergency, rescue, binding }) =>
        isEmergency &&
        rescue?.isProven === true &&
        rescue.isForgeable === (transport === 'udp') &&
        addressOf(binding.source) === address,
    );
  return same.length >= atOnce;
}

export function beginHelp(app: Application, call: LiveCall): void {
  const { help } = call;
  if (help === undefined) return;
  if (call.isEmergency) app.counters.emergency_calls += 1;
  if (help.isTold) return;
  help.isTold = true;
  app.help.tell(help, attendantsHere(app, call));
}

/** `reason` is what became of it; a challenge is answered by the phone, and the call goes on. */
export function settleHelp(app: Application, { help, answeredAt }: LiveCall, reason: string): void {
  if (help === undefined || /^40[17] /.test(reason)) return;
  help.answeredAt ??= answeredAt;
  app.help.settled(help, reason);
}

export function endHelp(app: Application, { id, help, isEmergency, state }: LiveCall): void {
  if (state !== 'ended' || (help === undefined && !isEmergency)) return;
  // Of the process before us, and taken up.
  if (help === undefined) {
    app.help.over(id);
    return;
  }
  help.endedAt = app.world.clock.now();
  app.help.changed(help);
}

/** For its media, when the relay is not to be had. */
export function newRescue({ counters, world }: Application, call: string, mayBeForged = false): Rescue {
  return {
    isDirect: false,
    isForgeable: mayBeForged,
    isProven: !mayBeForged,
    onError: (error) => {
      counters.emergency_calls_unrelayed += 1;
      world.log.error({ err: error, call }, 'no media relay for a call for help: it goes on without');
    },
  };
}
