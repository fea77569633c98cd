/** How a call sounded, and which side spoiled it, in words for people. Pure. */
import type { LegQuality, MediaQuality } from './media-quality.ts';

/** `phone`: the network on site; `cloud`: the way out, or the other phone of a call inside. */
export type Blamed = 'none' | 'phone' | 'cloud' | 'both';

export interface Verdict {
  readonly mos: number;
  readonly word: 'good' | 'fair' | 'poor' | 'bad';
  readonly blamed: Blamed;
  /** One sentence. */
  readonly text: string;
}

/** Below this people notice; the steps are those of G.107 annex B for satisfied, some and many dissatisfied users. */
const good = 4.03;
const fair = 3.6;
const poor = 3.1;
/** Legs that differ by less are both to blame. */
const alike = 0.15;

const networks = { phone: 'the network on site', cloud: 'the way out' } as const;

export function verdictOn({ phone, cloud, heardByPhone, heardByFarEnd }: MediaQuality): Verdict {
  const mos = Math.min(heardByPhone, heardByFarEnd);
  const word = mos >= good ? 'good' : mos >= fair ? 'fair' : mos >= poor ? 'poor' : 'bad';
  if (word === 'good') return { mos, word, blamed: 'none', text: 'Both ends heard each other well.' };
  const difference = phone.mos - cloud.mos;
  if (Math.abs(difference) < alike) {
    const text = `Both sides add to it: ${cause(networks.phone, phone)}; ${cause(networks.cloud, cloud)}.`;
    return { mos, word, blamed: 'both', text };
  }
  const blamed = difference < 0 ? 'phone' : 'cloud';
  const sentence = cause(networks[blamed], blamed === 'phone' ? phone : cloud);
  return { mos, word, blamed, text: `${sentence[0]?.toUpperCase() ?? ''}${sentence.slice(1)}.` };
}

/** What weighs most of it. */
function cause(network: string, leg: LegQuality): string {
  const { lossToBox, lossFromBox = 0, jitterToBoxMs, jitterFromBoxMs = 0, roundTripMs = 0 } = leg;
  const loss = Math.max(lossToBox, lossFromBox);
  if (loss >= 0.005) {
    const direction = lossToBox >= lossFromBox ? 'on their way to the box' : 'on their way from the box';
    return `${network} lost ${percent(loss)} of the packets ${direction}`;
  }
  const jitter = Math.max(jitterToBoxMs, jitterFromBoxMs);
  if (jitter >= 20) return `${network} delivered packets unevenly (${Math.round(jitter)} ms of jitter)`;
  if (roundTripMs >= 100) return `${network} took ${Math.round(roundTripMs)} ms there and back`;
  return `${network} did little harm`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
