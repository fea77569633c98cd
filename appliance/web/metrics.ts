/** What `/metrics` says, in the text format of Prometheus (version 0.0.4). Pure. */
import type { MediaQuality } from '../store/media-quality.ts';
import { countStages } from '../store/phone-stage.ts';
import { legView, type CallQualityView } from './call-quality.ts';
import type { PhoneView, StatusView } from './schemas.ts';

interface Measured {
  readonly parts: StatusView['parts'];
  readonly phones: readonly Pick<PhoneView, 'stage' | 'problem'>[];
  readonly callsUp: number;
  readonly streams: number;
  /** Of the last seconds of each call that is up. */
  readonly sounds: readonly MediaQuality[];
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

export function formatMetrics({ parts, phones, callsUp, streams, sounds }: Measured): string {
  const wanted = parts.filter((part) => part.isWanted);
  const byStage = Object.entries(countStages(phones)).map(([stage, count]): Sample => [{ stage }, count]);
  const ofParts = (value: (part: StatusView['parts'][number]) => boolean) =>
    wanted.map((part): Sample => [{ part: part.name }, value(part) ? 1 : 0]);
  const inTrouble = phones.filter((phone) => phone.problem !== undefined).length;
  const families = [
    gauge(
      'part_up',
      'The part reported within the last seconds.',
      ofParts((part) => part.isRunning),
    ),
    gauge(
      'part_ok',
      'The part runs and misses nothing.',
      ofParts((part) => part.isRunning && part.health?.state === 'ok'),
    ),
    gauge('phones', 'Phones by the last step of their walk.', byStage),
    gauge('phones_in_trouble', 'Phones that something keeps from the next step.', [[{}, inTrouble]]),
    gauge('calls', 'Calls that are up.', [[{}, callsUp]]),
    gauge('web_watchers', 'Browsers that are watching.', [[{}, streams]]),
    ...soundFamilies(sounds),
    ...wanted.flatMap(partCounters),
  ];
  return `${families.join('\n')}\n`;
}

/** Means over the calls that are up; nothing where none is. */
function soundFamilies(sounds: readonly MediaQuality[]): string[] {
  if (sounds.length === 0) return [];
  const worst = sounds.map(({ heardByPhone, heardByFarEnd }) => Math.min(heardByPhone, heardByFarEnd));
  const ofLegs = (value: (leg: CallQualityView['phone']) => number | undefined) =>
    (['phone', 'cloud'] as const).flatMap((leg): Sample[] => {
      const known = sounds.flatMap((sound) => value(legView(sound[leg])) ?? []);
      return known.length === 0 ? [] : [[{ leg }, mean(known)]];
    });
  return [
    gauge('call_mos_mean', 'Mean opinion score of calls, the worse end of each.', [[{}, mean(worst)]]),
    gauge('call_mos_lowest', 'Mean opinion score of the call that sounds worst.', [[{}, Math.min(...worst)]]),
    gauge(
      'leg_loss_ratio',
      'Packets lost between the box and one side.',
      ofLegs(({ loss }) => loss),
    ),
    gauge(
      'leg_jitter_seconds',
      'Jitter between the box and one side.',
      ofLegs(({ jitterMs }) => jitterMs / 1000),
    ),
    gauge(
      'leg_round_trip_seconds',
      'From the box to one side and back.',
      ofLegs(({ roundTripMs }) => roundTripMs && roundTripMs / 1000),
    ),
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Parts count both what happened and what is there now: only they know which, so no type is claimed. */
function partCounters({ name: part, counters }: StatusView['parts'][number]): string[] {
  return Object.entries(counters)
    .filter(([, value]) => Number.isFinite(value))
    .map(([name, value]) => {
      const full = `gatehouse_${part}_${name.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`;
      return [`# HELP ${full} As ${part} counts it.`, `# TYPE ${full} untyped`, `${full} ${value}`].join(
        '\n',
      );
    });
}

function gauge(name: string, about: string, samples: readonly Sample[]): string {
  const full = `gatehouse_${name}`;
  const lines = samples.map(([labels, value]) => `${full}${formatLabels(labels)} ${value}`);
  return [`# HELP ${full} ${about}`, `# TYPE ${full} gauge`, ...lines].join('\n');
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
