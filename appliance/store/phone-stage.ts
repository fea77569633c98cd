/** How far a phone has come, and what keeps it from the next step. Pure. */
import type { Posture } from '../phones/posture.ts';
import type { Binding } from './bindings.ts';
import type { Call } from './calls.ts';
import type { HeldAddress } from './address-holders.ts';
import { leavingOf, leavingWords } from './leaving.ts';
import { clockProblem } from './onboarding.ts';
import type { PhoneConfiguration } from './phone-configurations.ts';
import type { PhoneFirmware } from './phone-firmware.ts';
import type { MovedBack } from './moved-back.ts';
import type { Placement } from './placements.ts';
import type { Task } from './tasks.ts';

/** In the order of a phone's walk. */
export const phoneStages = ['seen', 'leased', 'configured', 'registered', 'placed', 'in call'] as const;
export type PhoneStage = (typeof phoneStages)[number];

/** How many phones are how far, every stage named. */
export function countStages(phones: readonly { readonly stage: string }[]): Record<PhoneStage, number> {
  const count = (stage: PhoneStage) => phones.filter((phone) => phone.stage === stage).length;
  return Object.fromEntries(phoneStages.map((stage) => [stage, count(stage)])) as Record<PhoneStage, number>;
}

export type { Posture } from '../phones/posture.ts';

/** The steps that the box can see in each posture, `in call` apart. */
export const stepsOf: Readonly<Record<Posture, readonly PhoneStage[]>> = {
  assist: ['leased', 'placed'],
  provision: ['leased', 'configured', 'placed'],
  full: ['leased', 'configured', 'registered', 'placed'],
};

/** What the parts know of one phone: of each the row that counts. */
export interface KnownOfPhone {
  readonly lease?: HeldAddress;
  /** The address of ours that it uses without a lease. */
  readonly squatted?: HeldAddress;
  readonly configuration?: PhoneConfiguration;
  /** What it said of itself when it last asked for a configuration. */
  readonly asked?: PhoneFirmware;
  readonly binding?: Binding;
  /** It is still here, and its registrar is out of reach for every phone. */
  readonly isCutOff?: boolean;
  /** The call that is up. */
  readonly call?: Call;
  readonly placement?: Placement;
  /** It was ordered back to the cloud's own addresses. */
  readonly bypass?: Task;
  /** The box gave it back to the cloud by itself. */
  readonly movedBack?: MovedBack;
}

/** How far the box stands between this phone and the cloud: as the settings say, or less where it can't be done. */
export function postureOf({ configuration, binding, bypass }: KnownOfPhone, ofSite: Posture): Posture {
  if (bypass !== undefined && configuration?.posture === 'assist') return 'assist';
  return binding === undefined ? (configuration?.posture ?? ofSite) : ofSite;
}

interface When {
  readonly now: number;
  /** The phone's own. */
  readonly posture: Posture;
}

/** Each step that holds now, with the time since when. */
export function stepsReached(known: KnownOfPhone, { now }: When): Partial<Record<PhoneStage, number>> {
  const { lease, configuration, binding, call, placement } = known;
  const reached: Partial<Record<PhoneStage, number>> = {};
  if (lease?.state === 'bound' && lease.expiresAt > now) reached.leased = lease.startedAt;
  if (configuration !== undefined && isConfigured(configuration)) reached.configured = configuration.at;
  if (binding !== undefined && isRegistered(binding, now)) reached.registered = binding.registeredAt;
  if (placement !== undefined) reached.placed = placement.at;
  if (call?.state === 'up') reached['in call'] = call.answeredAt ?? call.startedAt;
  return reached;
}

/** The last step of an unbroken walk; phones with a fixed address have no lease to wait for. */
export function stageOf(reached: Partial<Record<PhoneStage, number>>, posture: Posture): PhoneStage {
  if (reached['in call'] !== undefined) return 'in call';
  let stage: PhoneStage = 'seen';
  for (const step of stepsOf[posture]) {
    if (reached[step] !== undefined) stage = step;
    else if (step !== 'leased') break;
  }
  return stage;
}

/** Stage 0 is our own certificate only: the cloud has not answered yet. */
function isConfigured({ stage, status }: PhoneConfiguration): boolean {
  return stage > 0 && status < 400;
}

function isRegistered({ state, expiresAt }: Binding, now: number): boolean {
  return state !== 'lost' && expiresAt > now;
}

/** A phone boots, asks and registers well within this. */
const patienceMs = 5 * 60_000;

interface Judging {
  /** As the settings want it for this phone. */
  readonly ofSite: Posture;
  /** What is wrong with its firmware. */
  readonly firmware?: string | undefined;
  /** The box's own. */
  readonly address?: string | undefined;
}

/** One sentence for a person; undefined when the phone is on its way or all is well. */
export function phoneProblem(
  known: KnownOfPhone,
  reached: Partial<Record<PhoneStage, number>>,
  { now, posture, ofSite, firmware, address }: When & Judging,
): string | undefined {
  const { lease, configuration, binding, placement, bypass, squatted } = known;
  const isOld = (at: number | undefined) => at !== undefined && now - at > patienceMs;
  const { leased, configured, registered, placed } = reached;
  if (lease?.state === 'declined')
    return 'It refused its address: another device on this network uses the same one.';
  if (squatted !== undefined) {
    return `It uses ${squatted.ip} without a lease: let it ask for its address by DHCP, or reserve this one for it.`;
  }
  if (firmware !== undefined) return firmware;
  if (configuration !== undefined && configuration.status >= 400) {
    return `The cloud refused its configuration (status ${configuration.status}): check model and firmware against Microsoft's list.`;
  }
  if (bypass !== undefined) return stayedProblem(known, bypass, now);
  if (ofSite === 'assist' && holdsBox(configuration)) return strandedWords;
  if (known.movedBack !== undefined) return movedBackWords[known.movedBack.reason];
  if (posture === 'full') {
    if (known.isCutOff === true)
      return 'The cloud is out of reach: phones here can call it, nobody outside can.';
    if (binding?.state === 'lost') return 'Its registration was lost: it cannot be called.';
    if (binding?.state === 'late') return 'It has not renewed its registration in time.';
    if (configured !== undefined && registered === undefined && isOld(configured)) {
      return 'It has its configuration but does not register: is somebody signed in?';
    }
  }
  if (
    posture !== 'assist' &&
    leased !== undefined &&
    configured === undefined &&
    registered === undefined &&
    isOld(leased)
  ) {
    return 'It has an address but does not ask for its configuration: reset it to factory settings once.';
  }
  if (address !== undefined && holdsBox(configuration) && isElsewhere(configuration, address))
    return `It was last here at this box's former address ${configuration?.boxAddress}: leave that address on the card until it has come to ${address}.`;
  if (placed === undefined && isOld(registered ?? configured ?? leased)) {
    return 'Its place is not known: an emergency call would go out without a location.';
  }
  if (placement !== undefined && placement.place === undefined) {
    return 'Its switch port is known, but no place is named for it: add it to location.wiremap.';
  }
  return clockProblem(known, { posture, now }) ?? (posture === ofSite ? undefined : behindPosture[posture]);
}

function isElsewhere(configuration: PhoneConfiguration | undefined, address: string): boolean {
  return configuration?.boxAddress !== undefined && configuration.boxAddress !== address;
}

/** Its last configuration made the box its provisioning server, and maybe its outbound proxy. */
export function holdsBox(configuration: Pick<PhoneConfiguration, 'posture'> | undefined): boolean {
  return configuration?.posture === 'provision' || configuration?.posture === 'full';
}

function stayedProblem(known: KnownOfPhone, bypass: Task, now: number): string | undefined {
  const leaving = leavingOf(known, bypass, now);
  if (leaving === 'left' || now < bypass.deadlineAt) return undefined;
  return `It was ordered back to the cloud, but ${leavingWords[leaving]}.`;
}

const strandedWords =
  'The settings leave it to itself (assist), but it still has this box as provisioning server or outbound proxy. Set its posture back, order `gatehouse bypass`, and lower the posture when it has left.';

const movedBackWords: Readonly<Record<MovedBack['reason'], string>> = {
  'client certificate':
    'The cloud asks it for a certificate that only the phone has, so it was moved back: it goes to the cloud by itself, as without this box.',
  refused:
    'The cloud refused it twice behind this box, so it was moved back: it goes to the cloud by itself. To let it try again, set its posture lower and then up again.',
  'registration lost':
    'Led through this box it did not stay registered while others did, so it was moved back: with its next configuration it registers at the cloud by itself. To let it try again, set its posture lower and then up again.',
};

/** What a phone does by itself although the settings want more. */
const behindPosture: Readonly<Record<Posture, string | undefined>> = {
  assist:
    'It goes to the cloud by itself after its first request, as without this box: it cannot be given our certificate authority, or did not take it. Its registration and calls are not seen here.',
  provision:
    'Its configuration passes this box, its registration and calls do not: they go to the cloud by themselves.',
  full: undefined,
};
