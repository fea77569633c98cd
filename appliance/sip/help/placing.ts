/** An emergency call: one way after another, until somebody takes it. Everything here is decided from memory. */
import { isChallenge } from '../../protocol/sip-challenge.ts';
import type { Application } from '../application.ts';
import type { Silence } from '../asking.ts';
import type { Nobody, Placing } from '../call-offer.ts';
import type { LiveCall } from '../call-table.ts';
import { dialableForHelp } from '../emergency.ts';
import { freeLine } from '../gateway/lines.ts';
import { placeThroughGateway } from '../gateway/placing.ts';
import { ringHere } from '../local-ringing.ts';
import { askOtherLeg } from '../other-leg.ts';
import type { Received } from '../srf.ts';
import { turnToRegistrar } from '../way-out.ts';
import { attendantsHere, emergencyPlan, everybodyHere, nobodyHere } from '../survival.ts';
import { orderOfWays, type Way, type Ways } from './ways.ts';

/** The media relay is started again when it ends, which takes seconds. One that has been away for longer is waited for by nobody. */
const relayMs = 8000;
const relayEveryMs = 50;

/** All phones ring for so long where something is left to try after them. */
const everybodySeconds = 60;

type Outcome = Received | Nobody | undefined;

export async function placeForHelp(app: Application, placing: Placing): Promise<Received | Nobody> {
  const { call } = placing.attempt;
  await relayThere(app, placing);
  const ways = orderOfWays(waysNow(app, call));
  let last: Outcome;
  for (const [at, way] of ways.entries()) {
    if (placing.isCancelled()) break;
    const tried = app.help.tries(call.help, way);
    const outcome = await taken(app, placing, { way, isLast: at === ways.length - 1 });
    tried?.ended(wordsOf(outcome));
    if (isTaken(way, outcome)) return outcome;
    last = outcome ?? last;
  }
  if (placing.isCancelled()) return { answer: { status: 487 }, reason: 'cancelled' };
  const isTold =
    ways.length === 1 && last !== undefined && !('answer' in last) && last.localCause === undefined;
  return isTold && last !== undefined ? last : { answer: nobodyHere(true), reason: 'nobody here' };
}

async function relayThere(app: Application, { attempt, isCancelled }: Placing): Promise<void> {
  const { media } = app;
  const { clock } = app.world;
  const isHopeless = () => clock.monotonic() - (media.awaySince ?? Infinity) >= relayMs;
  while (!media.isConnected && !isCancelled() && !isHopeless()) await clock.sleep(relayEveryMs);
  const { rescue } = attempt.call;
  if (rescue === undefined || media.isConnected || rescue.isDirect) return;
  rescue.isDirect = true;
  rescue.onError(new Error('media relay: not connected'));
}

/** Phones are counted here and not when their turn comes: who registers meanwhile is rung too. */
function waysNow(app: Application, call: LiveCall): Ways {
  const { token, registrar } = call.binding;
  const attendants = attendantsHere(app, call).length;
  const isOutage = app.outages.isOutage(registrar);
  return {
    isSlowed: call.help?.isSlowed === true,
    isDirect: call.rescue?.isDirect === true,
    cloud: token === '' ? 'none' : isOutage ? 'away' : 'there',
    gateway: app.gateway === undefined ? 'none' : app.gateway.isThere ? 'there' : 'away',
    attendants: attendants > 0 ? 'there' : 'none',
    everybody: everybodyHere(app, call).length > attendants ? 'there' : 'none',
  };
}

/** A way that fails for a reason that nobody thought of is one that didn't take the call. */
async function taken(
  app: Application,
  placing: Placing,
  turn: { way: Way; isLast: boolean },
): Promise<Outcome> {
  try {
    return await along(app, placing, turn);
  } catch (error) {
    app.counters.errors += 1;
    app.world.log.error(
      { err: error, way: turn.way, call: placing.attempt.call.id },
      'a way for help failed',
    );
    return undefined;
  }
}

async function along(
  app: Application,
  placing: Placing,
  { way, isLast }: { way: Way; isLast: boolean },
): Promise<Outcome> {
  const { call, request } = placing.attempt;
  const { attendant_seconds: attendantSeconds, cloud_answer_seconds: answerSeconds } = app.config.emergency;
  const silence: Silence = { ms: answerSeconds * 1000, mayLeave: async () => !isLast };
  if (way === 'attendants' || way === 'everybody') {
    const phones = way === 'attendants' ? attendantsHere(app, call) : everybodyHere(app, call);
    if (phones.length === 0) return undefined;
    const seconds = way === 'attendants' ? attendantSeconds : everybodySeconds;
    return await ringHere(app, placing, { phones, ms: isLast ? undefined : seconds * 1000 });
  }
  if (way === 'gateway') {
    const number = dialableForHelp(request.uri, emergencyPlan(app.config));
    const outcome = await placeThroughGateway(app, placing, { number, silence });
    if (isTaken(way, outcome) || placing.isCancelled() || !(await freeLine(app))) return outcome;
    return await placeThroughGateway(app, placing, { number, silence });
  }
  if (call.isLocal) await turnToRegistrar(app, call);
  let outcome = await askOtherLeg(app, placing, silence);
  // It rang there, and nobody can answer over a connection that is gone: another one may be had.
  if (isBroken(outcome) && !placing.isCancelled())
    outcome = await askOtherLeg(app, { ...placing, attempt: { ...placing.attempt, isAnew: true } }, silence);
  noteCloud(app, call, outcome);
  return outcome;
}

function isBroken(outcome: Outcome): boolean {
  return outcome !== undefined && !('answer' in outcome) && outcome.localCause === 'flow-failed';
}

/** Whether it is an outage is found out beside the call, which waits for nobody. */
function noteCloud(app: Application, { binding }: LiveCall, outcome: Outcome): void {
  const isSilent = outcome === undefined || (!('answer' in outcome) && outcome.localCause !== undefined);
  if (!isSilent) return;
  app.outages.failed(binding.registrar, 'silent').catch((error: unknown) => {
    app.counters.errors += 1;
    app.world.log.error({ err: error }, 'the way to the registrar could not be judged');
  });
}

/** Challenges and redirections are for the phone itself; any other refusal of an emergency call is no answer. */
function isTaken(way: Way, outcome: Outcome): outcome is Received {
  if (outcome === undefined || 'answer' in outcome || outcome.localCause !== undefined) return false;
  if (outcome.status <= 299) return true;
  return way === 'cloud' && (outcome.status <= 399 || isChallenge(outcome));
}

function wordsOf(outcome: Outcome): string {
  if (outcome === undefined) return 'silent';
  if ('answer' in outcome) return outcome.reason;
  if (outcome.localCause !== undefined) return `not reached (${outcome.localCause})`;
  return outcome.status <= 299 ? 'answered' : `${outcome.status} ${outcome.reason}`;
}
