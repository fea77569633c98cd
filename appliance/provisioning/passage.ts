/**
 * A request handed up to the cloud and its answer down to the phone. The first two stages mint one-time accounts: each
 * request goes up once, when the phone asks, and what comes is on our disk before the phone has it.
 */
import { UpstreamError, type UpstreamAnswer } from '../net/http-upstream.ts';
import { isBound, type AnswerKey, type KeptAnswer } from './answers.ts';
import { emptyAnswer, tryLater, type Answer, type Context } from './context.ts';
import { give, giveKept, noteFailure, refuseAnswer } from './giving.ts';
import { upstreamHeaders, withoutConditions } from './headers.ts';
import { fileOf, stageOf } from './hosts.ts';
import type { Asker } from './identify.ts';
import { moveBack } from './move-back.ts';
import type { Passing } from './passing.ts';

/** More than any phone's configuration has. */
const mostBodyBytes = 1_048_576;
/** So long a repeated one-time request gets the answer that it had: the cloud would refuse it. */
const repeatMs = 3_600_000;
/** A cloud that takes a minute longer than phones wait has given up as well. */
const lateMs = 60_000;
/** They wait for their turn with the cloud; each is a phone that boots. */
const mostFlights = 2048;

export function newPassage(context: Context): (passing: Passing) => Promise<Answer> {
  const { flights } = context;
  return async (passing) => {
    const { asker, request, upstream } = passing;
    const way = request.isSecure ? 'https' : 'http';
    const name = `${way} ${asker.mac} ${asker.ip} ${upstream.host} ${upstream.path}`;
    const running = flights.get(name);
    if (running) return running;
    if (flights.size >= mostFlights) return tryLater('busy');
    // Not tied to the phone's connection: what was asked for has to be kept even if the phone has gone.
    let late: Promise<void> | undefined;
    const flight = fly(context, passing, (coming) => {
      late = coming;
    });
    flights.set(name, flight);
    // Until then whoever repeats it is told the same: the cloud is at work on the first.
    void flight
      .catch(() => undefined)
      .then(async () => late)
      .finally(() => flights.delete(name));
    return flight;
  };
}

/** `onLate`: the phone has waited long enough, what the cloud says is waited for all the same. */
async function fly(
  context: Context,
  passing: Passing,
  onLate: (kept: Promise<void>) => void,
): Promise<Answer> {
  const { answers, world, counters } = context;
  const { asker, request, upstream } = passing;
  const key = { mac: asker.mac, host: upstream.host, path: upstream.path };
  const stage = stageOf(upstream);
  const found = stage > 1 ? answers.find(key) : undefined;
  const bound = found && isBound(asker, found) ? found : undefined;
  // In clear too where the settings lead this make in clear: the first answer went the same way.
  if (bound && stage === 2 && Math.abs(world.clock.now() - bound.at) < repeatMs) {
    return giveKept(context, passing, { kept: bound, reason: 'one-time request repeated' });
  }
  const kept = request.isSecure ? bound : undefined;
  if (context.reach.isOutage(upstream)) return withoutCloud(context, passing, kept);
  try {
    await answers.reserve();
  } catch (error) {
    // A full or broken disk: nothing is asked for that could not be kept.
    counters.errors += 1;
    world.log.error({ error: String(error) }, 'answers cannot be kept, the cloud is not asked');
    return tryLater('busy');
  }
  let answer: UpstreamAnswer;
  try {
    answer = await askCloud(context, passing, stage);
    context.reach.succeeded(upstream);
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    if (error.late !== undefined) onLate(keepLate(context, { key, asker, stage }, error.late));
    if (error.kind === 'busy') return tryLater('busy');
    if (error.kind === 'client certificate') return moveBack(context, passing, error.kind);
    counters.upstream_failures += 1;
    if (error.kind === 'refused') return refuseAnswer(context, passing, error.message);
    await noteFailure(context, upstream.host, error);
    const isOutage = await context.reach.failed(upstream, error.kind);
    return isOutage ? withoutCloud(context, passing, kept) : tryLater('cloud away');
  }
  if (upstream.use === 'later' && context.refusals.isSecond(asker.mac, answer.status, world.clock.now()))
    return moveBack(context, passing, 'refused');
  // Of a sign-in the code on a page is soon another one: an old page helps nobody.
  const isPage = passing.vendor?.isPage(upstream.path) === true;
  const fresh: KeptAnswer = { ...answer, at: world.clock.now(), ip: asker.ip, stage };
  // In one turn, so that they share their commits.
  const [given] = await Promise.all([
    give(context, passing, fresh),
    answer.status === 200 && !isPage ? answers.keep(key, fresh) : undefined,
  ]);
  return given;
}

/** Rejects with an UpstreamError. */
async function askCloud(
  context: Context,
  { request, upstream, vendor }: Passing,
  stage: 1 | 2 | 3,
): Promise<UpstreamAnswer> {
  // A third stage may be asked for again and again; an account is given once.
  const isRepeatable = stage === 3;
  return context.ask({
    scheme: upstream.use === 'first' ? 'http' : 'https',
    host: upstream.host,
    method: 'GET',
    target: upstream.path,
    headers: upstreamHeaders(
      // What passes untouched is the cloud's to compare.
      vendor === undefined ? request.headers : withoutConditions(request.headers),
      upstream.host,
      isRepeatable ? 'keep-alive' : 'close',
    ),
    mostBytes: mostBodyBytes,
    lateMs: isRepeatable ? 0 : lateMs,
    isRepeatable,
  });
}

/** The cloud gives this account once: the phone that comes again gets it, and not another one. Never rejects. */
async function keepLate(
  { answers, world }: Context,
  { key, asker, stage }: { key: AnswerKey; asker: Asker; stage: 1 | 2 | 3 },
  late: Promise<UpstreamAnswer>,
): Promise<void> {
  const { mac, ip, vendor } = asker;
  try {
    const answer = await late;
    if (answer.status !== 200) return;
    await answers.keep(key, { ...answer, at: world.clock.now(), ip, stage });
    world.log.info({ mac, vendor, stage }, 'late answer kept');
  } catch (error) {
    world.log.warn({ mac, vendor, stage, error: String(error) }, 'late answer lost');
  }
}

/** What was kept for exactly this request of this phone, or the word to keep what it has. */
async function withoutCloud(
  context: Context,
  passing: Passing,
  kept: KeptAnswer | undefined,
): Promise<Answer> {
  const { asker, upstream, vendor } = passing;
  if (kept) return giveKept(context, passing, { kept, reason: 'outage' });
  return vendor?.mayBeMissing(fileOf(upstream), asker.mac) ? emptyAnswer(404) : tryLater('cloud away');
}
