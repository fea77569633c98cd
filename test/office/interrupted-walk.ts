/** Phones on their way from factory state to being signed in, something being away at the step of each. */
import { until } from '../support/command.ts';
import { steps, type Walked } from '../support/step-walk.ts';
import type { CloudServices } from './cloud-services.ts';
import type { Desks } from './desks.ts';
import { directKinds, phoneKinds, type PhoneKind } from './phone-kinds.ts';

/** The one-time account is minted, and its phone has not got it yet. */
export const onTheWay = 'Its answer on the way';
const signedIn = 'Signed in, as every day';

/** In the order in which people read them. */
export const points: readonly string[] = [...steps.slice(0, 3), onTheWay, ...steps.slice(3)];

export interface WalkPhone {
  /** Its place in the room. */
  readonly number: number;
  readonly kind: PhoneKind;
  /** Who will be signed in. */
  readonly user: string;
  /** Can't be given our authority: its first request is its first stage, and the later ones are its own. */
  readonly isDirect: boolean;
  /** Where on its way something is away; undefined: it is the one by whom that is noticed. */
  readonly point?: string;
}

/** A phone of each make for each of these steps that it takes, and one more, with MACs of this room. */
export function walkPhones(room: number, at: readonly string[] = points): WalkPhone[] {
  const all = at.flatMap((point) => [...phoneKinds, ...directKinds].map((kind) => ({ kind, point })));
  const taken = all.filter(
    ({ kind, point }) => !directKinds.includes(kind) || point !== 'First stage, over HTTPS',
  );
  return [...taken, ...phoneKinds.slice(0, 1).map((kind) => ({ kind }))].map((one, number) => ({
    ...one,
    number,
    kind: { ...one.kind, mac: `${one.kind.mac.slice(0, 9)}b0:${byte(room)}:${byte(number)}` },
    user: `+49305${room}${100 + number}`,
    isDirect: directKinds.includes(one.kind),
  }));
}

const byte = (value: number) => value.toString(16).padStart(2, '0');

export interface Found {
  readonly phone: WalkPhone;
  readonly away: Walked;
  /** It was answered otherwise than by the cloud. */
  readonly isKept: boolean;
  readonly back: Walked;
}

interface Site {
  readonly cloud: CloudServices;
  readonly desks: Desks;
  readonly phones: readonly WalkPhone[];
}

export interface Interruption {
  /** `release`: answers on the way may go on. */
  readonly fail: (release: () => void) => Promise<void>;
  /** The box knows, where it is there, by what this phone asked. */
  readonly notice: (phone: WalkPhone) => Promise<void>;
  readonly mend: () => Promise<void>;
}

export async function interrupted(site: Site, { fail, notice, mend }: Interruption): Promise<Found[]> {
  const { cloud, desks, phones } = site;
  await bringAll(site);
  const before = (await cloud.report()).provisioning;
  const holding = phones.filter(({ point }) => point === onTheWay);
  const ready = phones.filter(({ point }) => point !== undefined && point !== onTheWay);
  const scout = phones.filter(({ point }) => point === undefined);
  const release = cloud.hold();
  const held = walk(desks, 'step', holding);
  const areMinted = async () =>
    (await accounts(cloud)) === before.accounts.length + holding.length || undefined;
  await until('every account on the way to be minted', areMinted, { timeoutMs: 8000, everyMs: 20 });
  await fail(release);
  // Those that ask the cloud by themselves wait for it, or not, without the box.
  const direct = walk(
    desks,
    'step',
    ready.filter(({ isDirect }) => isDirect),
  );
  for (const phone of scout) await notice(phone);
  const led = walk(
    desks,
    'step',
    ready.filter(({ isDirect }) => !isDirect),
  );
  const away = new Map((await Promise.all([held, direct, led])).flat());
  const { requests } = (await cloud.report()).provisioning;
  const heard = plain(JSON.stringify(requests.slice(before.requests.length)));
  await mend();
  const back = new Map(await walk(desks, 'step until answered', phones));
  return [...holding, ...ready].map((phone) => ({
    phone,
    away: away.get(phone) ?? unanswered,
    isKept: !heard.includes(plain(phone.kind.mac)),
    back: back.get(phone) ?? unanswered,
  }));
}

/** What each phone has once all is well and somebody has signed in, those restarted that it takes. */
export async function signAllIn({ cloud, desks, phones }: Site, found: readonly Found[]): Promise<Walked[]> {
  const stuck = found.filter(({ back }) => back.status !== 200).map(({ phone }) => phone);
  await walk(desks, 'restart', stuck);
  await walk(desks, 'settle', phones);
  for (const { kind, user } of phones) cloud.signIn(kind.mac, user);
  return (await walk(desks, 'settle', phones)).map(([, walked]) => walked);
}

/** Each phone to the step at which something will be away, ready to take it. */
async function bringAll({ cloud, desks, phones }: Site): Promise<void> {
  for (const [at, step] of steps.entries()) {
    const takers = phones.filter(
      (phone) =>
        points.indexOf(last(phone)) >= points.indexOf(step) &&
        (!phone.isDirect || step !== 'First stage, over HTTPS'),
    );
    if (step === 'Somebody has signed in') for (const { kind, user } of takers) cloud.signIn(kind.mac, user);
    if (at === steps.length - 1) await walk(desks, 'restart', takers);
    await walk(
      desks,
      'step',
      takers.filter((phone) => last(phone) !== step),
    );
  }
}

/** The step at which it stops. */
const last = ({ point = signedIn }: WalkPhone) => (point === onTheWay ? 'One-time account' : point);

const unanswered: Walked = { status: undefined };

/** MACs are written in many ways. */
export const plain = (text: string) => text.replaceAll(':', '').toLowerCase();

const accounts = async (cloud: CloudServices) => (await cloud.report()).provisioning.accounts.length;

export async function walk(
  desks: Desks,
  order: Parameters<Desks['walk']>[0],
  phones: readonly WalkPhone[],
): Promise<[WalkPhone, Walked][]> {
  const walked = await desks.walk(
    order,
    phones.map(({ number }) => number),
  );
  return phones.map((phone, at) => [phone, walked[at] ?? unanswered]);
}
