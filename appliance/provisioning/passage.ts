/**
 * A request handed up to the cloud and its answer down to the phone. The first two stages mint one-time accounts: each
 * request goes up once, when the phone asks, and what comes is on our disk before the phone has it.
 */
import type { HttpRequest } from '../net/http-server.ts';
import { UpstreamError, type UpstreamAnswer } from '../net/http-upstream.ts';
import type { FirmwareFile } from '../store/firmware-files.ts';
import {
  readPhoneConfiguration,
  readPosture,
  saveMilestones,
  savePhoneConfiguration,
  savePosture,
} from '../store/phone-configurations.ts';
import { nextMilestones, type Milestones } from '../store/milestones.ts';
import type { Posture } from '../store/phone-stage.ts';
import type { Transaction } from '../store/store.ts';
import { accountKind } from './account-kind.ts';
import type { AnswerKey, KeptAnswer } from './answers.ts';
import { emptyAnswer, tryLater, type Answer, type Context } from './context.ts';
import { noteOffer } from './firmware-overlay.ts';
import { upstreamHeaders } from './headers.ts';
import { stageOf, type Upstream } from './hosts.ts';
import type { Asker } from './identify.ts';
import { canLeadSip } from './overlay.ts';
import { moveBack } from './move-back.ts';
import { phoneAnswer, type Answered } from './phone-answer.ts';
import type { VendorProvisioning } from './vendor-files.ts';

export interface Passing {
  readonly request: HttpRequest;
  readonly asker: Asker;
  /** Undefined: a vendor whose bodies we can't read; they pass as they are. */
  readonly vendor: VendorProvisioning | undefined;
  readonly upstream: Upstream;
  /** Where later stages are led. Undefined: the phone goes on by itself. */
  readonly box: string | undefined;
  /** The phone gets the cloud's own addresses back. */
  readonly isBypassed: boolean;
  /** What the phone is offered. */
  readonly firmware: FirmwareFile | undefined;
  /** How far the settings want the box between this phone and the cloud. */
  readonly posture: Posture;
}

/** More than any phone's configuration has. */
const mostBodyBytes = 1_048_576;
/** So long a repeated one-time request gets the answer that it had: the cloud would refuse it. */
const repeatMs = 3_600_000;
/** A cloud that takes a minute longer than phones wait has given up as well. */
const lateMs = 60_000;
/** They wait for their turn with the cloud; each is a phone that boots. */
const mostFlights = 2048;

export function newPassage(context: Context): (passing: Passing) => Promise<Answer> {
  const flights = new Map<string, Promise<Answer>>();
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
  const { asker, upstream } = passing;
  const key = { mac: asker.mac, host: upstream.host, path: upstream.path };
  const stage = stageOf(upstream);
  const found = stage > 1 ? answers.find(key) : undefined;
  const bound = found && isBound(asker, found) ? found : undefined;
  // In clear too where the settings lead this make in clear: the first answer went the same way.
  if (bound && stage === 2 && world.clock.now() - bound.at < repeatMs) {
    return giveKept(context, passing, { kept: bound, reason: 'one-time request repeated' });
  }
  const kept = passing.request.isSecure ? bound : undefined;
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
    answer = await context.ask({
      scheme: upstream.use === 'first' ? 'http' : 'https',
      host: upstream.host,
      method: 'GET',
      target: upstream.path,
      headers: upstreamHeaders(passing.request.headers, upstream.host),
      mostBytes: mostBodyBytes,
      // A third stage may be asked for again and again.
      lateMs: stage === 3 ? 0 : lateMs,
    });
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
  const fresh: KeptAnswer = { ...answer, at: world.clock.now(), ip: asker.ip, stage };
  // In one turn, so that they share their commits.
  const [given] = await Promise.all([
    give(context, passing, fresh),
    answer.status === 200 ? answers.keep(key, fresh) : undefined,
  ]);
  return given;
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

/** The address is the phone's: by its lease, which was compared, else it is the one that it had. */
function isBound({ isLeased, ip }: Asker, kept: KeptAnswer): boolean {
  return isLeased || kept.ip === ip;
}

/** What was kept for exactly this request of this phone, or the word to keep what it has. */
async function withoutCloud(
  context: Context,
  passing: Passing,
  kept: KeptAnswer | undefined,
): Promise<Answer> {
  return kept ? giveKept(context, passing, { kept, reason: 'outage' }) : tryLater('cloud away');
}

async function noteFailure({ world, store }: Context, host: string, error: UpstreamError): Promise<void> {
  world.log.warn({ host, reason: error.message }, 'cloud not reached');
  await store.write((tx) => {
    tx.journal({ kind: 'upstream_failed', body: { host, reason: error.message } });
  });
}

async function giveKept(
  context: Context,
  passing: Passing,
  { kept, reason }: { kept: KeptAnswer; reason: string },
): Promise<Answer> {
  const { mac, vendor } = passing.asker;
  const answer = phoneAnswer(context, passing, kept);
  if (typeof answer === 'string') return refuseAnswer(context, passing, answer);
  context.counters.kept_answers_given += 1;
  context.world.log.info({ mac, vendor, stage: kept.stage, reason }, 'kept answer given');
  if (passing.isBypassed) await context.store.write((tx) => noteBypass(context, tx, passing.asker));
  // Nothing changed: the phone does not wait for the word that it was here.
  void context.store
    .soon((tx) => tx.journal({ kind: 'kept_answer_given', mac, body: { vendor, stage: kept.stage, reason } }))
    .catch((error: unknown) => {
      context.world.log.error({ error: String(error) }, 'kept answer not written down');
    });
  return { ...answer.answer, outcome: 'kept answer', reason };
}

/** Once it has this the phone asks the cloud by itself. */
function noteBypass({ counters, world }: Context, tx: Transaction, { mac, vendor, model, ip }: Asker): void {
  counters.bypasses_answered += 1;
  savePosture(tx.db, { mac, posture: 'assist', at: world.clock.now() });
  tx.journal({ kind: 'bypass_answered', mac, body: { vendor, model, ip } });
}

async function give(context: Context, passing: Passing, fresh: KeptAnswer): Promise<Answer> {
  const { asker } = passing;
  const { mac, vendor } = asker;
  const result = phoneAnswer(context, passing, fresh);
  if (typeof result === 'string') return refuseAnswer(context, passing, result);
  const { answer, dropped } = result;
  const { stage, status } = fresh;
  await Promise.all([
    context.answers.own(
      mac,
      result.links.filter(({ host }) => context.hosts.later.has(host)),
    ),
    // A 404 is an everyday step in a vendor's order of files, and says nothing of how far a phone is.
    status === 404 ? undefined : noteGiven(context, passing, { fresh, result }),
  ]);
  context.counters.answers_passed += 1;
  context.counters.settings_dropped += dropped.length;
  context.world.log.info({ mac, vendor, stage, status, dropped: dropped.length }, 'configuration passed');
  return { ...answer, outcome: 'passed' };
}

const mostDropRows = 20;

async function noteGiven(
  context: Context,
  passing: Passing,
  { fresh, result }: { fresh: KeptAnswer; result: Answered },
): Promise<void> {
  const { asker, upstream } = passing;
  const { mac, ip, vendor, model, firmware, userAgent } = asker;
  const { stage, status, at } = fresh;
  await context.store.write((tx) => {
    // Without a new configuration the phone goes where it went before.
    const posture = status === 200 ? postureOf(context, passing) : readPosture(tx.db, mac);
    const before = readPhoneConfiguration(tx.db, mac);
    savePhoneConfiguration(tx.db, {
      mac,
      ip,
      vendor,
      ...(model === undefined ? {} : { model }),
      ...(firmware === undefined ? {} : { firmware }),
      userAgent,
      stage,
      at,
      status,
      ...(posture === undefined ? {} : { posture }),
    });
    noteMilestones(tx, { passing, fresh, before });
    tx.journal({
      kind: 'configuration_passed',
      mac,
      body: { vendor, model, firmware, stage, status, ip, host: upstream.host },
    });
    if (result.offered !== undefined) noteOffer(context, tx, { mac, file: result.offered });
    if (passing.isBypassed && status === 200) noteBypass(context, tx, asker);
    for (const { key, reason } of result.dropped.slice(0, mostDropRows)) {
      tx.journal({ kind: 'setting_dropped', mac, body: { vendor, key, reason, host: upstream.host } });
    }
  });
}

interface Given {
  readonly passing: Passing;
  readonly fresh: KeptAnswer;
  readonly before: Milestones | undefined;
}

function noteMilestones(tx: Transaction, { passing, fresh, before = {} }: Given): void {
  const { asker, upstream, vendor } = passing;
  const { stage, status, at, body } = fresh;
  const account = status === 200 && vendor?.isPage(upstream.path) !== true ? accountKind(body) : undefined;
  const { milestones, news } = nextMilestones(before, { stage, status, account, at });
  saveMilestones(tx.db, asker.mac, milestones);
  if (news !== undefined) tx.journal({ kind: news, mac: asker.mac, body: { vendor: asker.vendor } });
}

/** How far the box stands between this phone and the cloud from here on. */
function postureOf({ overlayValues }: Context, { box, posture, request, vendor }: Passing): Posture {
  if (box === undefined) return 'assist';
  const isLed = request.isSecure && vendor !== undefined && canLeadSip(vendor, overlayValues());
  return isLed ? posture : 'provision';
}

async function refuseAnswer(
  { counters, world, store }: Context,
  { asker, upstream }: Passing,
  reason: string,
): Promise<Answer> {
  const { mac, vendor } = asker;
  counters.answers_refused += 1;
  world.log.warn({ mac, vendor, host: upstream.host, reason }, 'answer of the cloud refused');
  await store.write((tx) => {
    tx.journal({ kind: 'answer_refused', mac, body: { vendor, host: upstream.host, reason } });
  });
  return { ...emptyAnswer(502), outcome: 'answer refused', reason };
}
