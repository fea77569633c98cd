/** Phones that hold what the box told them, and that the settings leave without it: what they need is gone, or soon is. */
import { postureFor, type PostureRule } from '../phones/posture.ts';
import { readPhoneConfigurations } from './phone-configurations.ts';
import { holdsBox, type Posture } from './phone-stage.ts';
import { readFacts } from './phones.ts';

interface Settings {
  readonly posture: Posture;
  readonly posture_for?: readonly PostureRule[];
}

const mostNamed = 20;

/** A sentence for the person who wrote the settings; undefined when all is well, or nobody can say. */
export function strandedSentence(
  directory: string,
  { posture, posture_for: rules = [] }: Settings,
): string | undefined {
  const stranded = readFacts(directory, 'provisioning', readPhoneConfigurations).filter(
    (phone) => holdsBox(phone) && postureFor(rules, phone, posture) === 'assist',
  );
  if (stranded.length === 0) return undefined;
  const macs = stranded.map(({ mac }) => mac);
  return `${namedPhones(macs)} would be left without provisioning server or outbound proxy by posture = "assist"; set the posture back, run \`gatehouse bypass all\` (or one by one), wait until \`gatehouse bypass\` lists nobody, then lower it`;
}

export function namedPhones(macs: readonly string[]): string {
  const more = macs.length > mostNamed ? ` and ${macs.length - mostNamed} more` : '';
  const count = macs.length === 1 ? '1 phone' : `${macs.length} phones`;
  return `${count} (${macs.slice(0, mostNamed).join(', ')}${more})`;
}
