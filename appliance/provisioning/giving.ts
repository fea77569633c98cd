/** An answer of the cloud on its way down: what the phone gets, and what is written down of it before. */
import {
  readPhoneConfiguration,
  readPosture,
  saveMilestones,
  savePhoneConfiguration,
  savePosture,
} from '../store/phone-configurations.ts';
import { nextMilestones, type Milestones } from '../store/milestones.ts';
import type { UpstreamError } from '../net/http-upstream.ts';
import type { Posture } from '../store/phone-stage.ts';
import type { Transaction } from '../store/store.ts';
import { accountKind } from './account-kind.ts';
import type { KeptAnswer } from './answers.ts';
import { unlessKnown } from './conditions.ts';
import { emptyAnswer, type Answer, type Context } from './context.ts';
import { keepAccounts } from './keeping-accounts.ts';
import { noteOffer } from './firmware-overlay.ts';
import type { Asker } from './identify.ts';
import { canLeadSip } from './overlay.ts';
import type { Passing } from './passing.ts';
import { phoneAnswer, type Answered } from './phone-answer.ts';

/** Durable, what it says of the phone and where it leads, before it resolves. */
export async function give(context: Context, passing: Passing, fresh: KeptAnswer): Promise<Answer> {
  const { asker } = passing;
  const { mac, vendor } = asker;
  const result = phoneAnswer(context, passing, fresh);
  if (typeof result === 'string') return refuseAnswer(context, passing, result);
  const { answer, dropped } = result;
  const { stage, status } = fresh;
  await writeDown(context, passing, { fresh, result });
  context.counters.answers_passed += 1;
  context.counters.settings_dropped += dropped.length;
  context.world.log.info({ mac, vendor, stage, status, dropped: dropped.length }, 'configuration passed');
  return { ...unlessKnown(passing.request.headers, answer), outcome: 'passed' };
}

export async function giveKept(
  context: Context,
  passing: Passing,
  { kept, reason }: { kept: KeptAnswer; reason: string },
): Promise<Answer> {
  const { mac, vendor } = passing.asker;
  // Phones take the time from it, and then it was another one.
  const headers = kept.headers.filter(([name]) => name.toLowerCase() !== 'date');
  const result = phoneAnswer(context, passing, { ...kept, headers });
  if (typeof result === 'string') return refuseAnswer(context, passing, result);
  // It came later than the phone waited: nobody has had it yet.
  if (laterLinks(context, result).some((link) => context.answers.ownerOf(link) === undefined))
    await writeDown(context, passing, { fresh: kept, result });
  context.counters.kept_answers_given += 1;
  context.world.log.info({ mac, vendor, stage: kept.stage, reason }, 'kept answer given');
  if (passing.isBypassed) await context.store.write((tx) => noteBypass(context, tx, passing.asker));
  // Nothing changed: the phone does not wait for the word that it was here.
  void context.store
    .soon((tx) => tx.journal({ kind: 'kept_answer_given', mac, body: { vendor, stage: kept.stage, reason } }))
    .catch((error: unknown) => {
      context.world.log.error({ error: String(error) }, 'kept answer not written down');
    });
  const answer = unlessKnown(passing.request.headers, result.answer);
  return { ...answer, outcome: 'kept answer', reason };
}

export async function refuseAnswer(
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

interface Outcome {
  readonly fresh: KeptAnswer;
  readonly result: Answered;
}

/** Durable when it resolves. */
async function writeDown(context: Context, passing: Passing, outcome: Outcome): Promise<void> {
  await Promise.all([
    context.answers.own(passing.asker.mac, laterLinks(context, outcome.result)),
    // A 404 is an everyday step in a vendor's order of files, and says nothing of how far a phone is.
    outcome.fresh.status === 404 ? undefined : noteGiven(context, passing, outcome),
  ]);
}

function laterLinks({ hosts }: Context, { links }: Answered): Answered['links'] {
  return links.filter(({ host }) => hosts.later.has(host));
}

const mostDropRows = 20;

async function noteGiven(context: Context, passing: Passing, { fresh, result }: Outcome): Promise<void> {
  const { asker, request, upstream } = passing;
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
      boxAddress: request.localAddress,
      ...(posture === undefined ? {} : { posture }),
    });
    noteMilestones(tx, { passing, fresh, before });
    keepAccounts(context, tx, { passing, fresh, accounts: result.accounts ?? [], posture });
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

/** Once it has this the phone asks the cloud by itself. */
function noteBypass({ counters, world }: Context, tx: Transaction, { mac, vendor, model, ip }: Asker): void {
  counters.bypasses_answered += 1;
  savePosture(tx.db, { mac, posture: 'assist', at: world.clock.now() });
  tx.journal({ kind: 'bypass_answered', mac, body: { vendor, model, ip } });
}

/** The cloud gave none. */
export async function noteFailure(
  { world, store }: Context,
  host: string,
  error: UpstreamError,
): Promise<void> {
  world.log.warn({ host, reason: error.message }, 'cloud not reached');
  await store.write((tx) => {
    tx.journal({ kind: 'upstream_failed', body: { host, reason: error.message } });
  });
}
