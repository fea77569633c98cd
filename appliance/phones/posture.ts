/** How far the box stands between a phone and the cloud: the site's word, and what is said of vendors, models and phones. */
import { parseMac } from '../protocol/mac.ts';

/** See `site.posture`. */
export type Posture = 'assist' | 'provision' | 'full';

/** What is left out fits all. */
export interface PostureRule {
  readonly posture: Posture;
  readonly vendor?: string;
  readonly model?: string;
  /** In any spelling. */
  readonly mac?: string;
}

interface Named {
  readonly mac: string;
  readonly vendor?: string | undefined;
  readonly model?: string | undefined;
}

/** The most specific rule wins: a phone's before a model's, a model's before a vendor's; of two alike the later. */
export function postureFor(rules: readonly PostureRule[], phone: Named, ofSite: Posture): Posture {
  const fitting = rules.filter((rule) => fits(rule, phone));
  return (
    fitting.toSorted((a, b) => weight(b) - weight(a) || rules.indexOf(b) - rules.indexOf(a))[0]?.posture ??
    ofSite
  );
}

function fits(rule: PostureRule, { mac, vendor, model }: Named): boolean {
  return (
    (rule.mac === undefined || parseMac(rule.mac) === mac) &&
    (rule.vendor === undefined || rule.vendor === vendor) &&
    (rule.model === undefined || rule.model.toLowerCase() === model?.toLowerCase())
  );
}

function weight({ mac, model, vendor }: PostureRule): number {
  return (mac === undefined ? 0 : 4) + (model === undefined ? 0 : 2) + (vendor === undefined ? 0 : 1);
}
