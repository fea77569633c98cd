/** How calls sounded, as the page and the API show it. */
import { Type, type Static } from '../schema.ts';
import { readQuality, type LegQuality, type QualityRecord } from '../store/media-quality.ts';
import { verdictOn } from '../store/quality-words.ts';

const share = (description: string) => Type.Number({ description: `0–1: ${description}` });

const Leg = Type.Object({
  codec: Type.Optional(Type.String()),
  loss: share('the worse direction between far end and box.'),
  jitterMs: Type.Number(),
  roundTripMs: Type.Optional(Type.Number()),
  mos: Type.Number({ description: 'As if all else were perfect.' }),
});

export const CallQuality = Type.Object(
  {
    mos: Type.Number({
      description: 'Mean opinion score by the E-model (ITU-T G.107), 1 to 4.4: the worse end.',
    }),
    word: Type.Enum(['good', 'fair', 'poor', 'bad'], { type: 'string' }),
    blamed: Type.Enum(['none', 'phone', 'cloud', 'both'], { type: 'string' }),
    verdict: Type.String(),
    phone: Leg,
    cloud: Leg,
    chart: Type.Array(Type.Number(), { description: 'The score over the call, at most 60 points.' }),
  },
  { description: 'Leg `phone` is the network on site, `cloud` the way out.' },
);

export type CallQualityView = Static<typeof CallQuality>;

/** Of a call's first medium, which is the speech. */
export function qualityOfCalls(
  directory: string,
  calls: readonly { readonly id: string }[],
): Map<string, CallQualityView> {
  const records = readQuality(
    directory,
    calls.map(({ id }) => id),
  );
  return new Map(records.toReversed().map((record) => [record.call, qualityView(record)]));
}

export function qualityView({ total, chart }: QualityRecord): CallQualityView {
  const { mos, word, blamed, text } = verdictOn(total);
  return {
    mos: rounded(mos, 2),
    word,
    blamed,
    verdict: text,
    phone: legView(total.phone),
    cloud: legView(total.cloud),
    chart: chart.map((point) => rounded(point.mos, 1)),
  };
}

export function legView(leg: LegQuality): CallQualityView['phone'] {
  const { codec, lossToBox, lossFromBox = 0, jitterToBoxMs, jitterFromBoxMs = 0, roundTripMs, mos } = leg;
  return {
    loss: rounded(Math.max(lossToBox, lossFromBox), 4),
    jitterMs: rounded(Math.max(jitterToBoxMs, jitterFromBoxMs), 1),
    mos: rounded(mos, 2),
    ...(codec === undefined ? {} : { codec }),
    ...(roundTripMs === undefined ? {} : { roundTripMs: rounded(roundTripMs, 1) }),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
