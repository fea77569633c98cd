/** `gatehouse check [area…]`: is this site ready, and if not, what is in the way. */
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { checks, siteToCheck, type CheckSite } from './check-probes.ts';
import { checkAreas, type CheckArea, type Verdict } from './check-verdicts.ts';
import { formatTable } from './table.ts';

export async function checkCommand({ configFile, json, rest, out }: CommandCall): Promise<number> {
  const unknown = rest.find((word) => !isArea(word));
  if (unknown !== undefined) {
    out(`there is no check "${unknown}"; there are ${checkAreas.join(', ')}`);
    return 2;
  }
  const areas = rest.length === 0 ? checkAreas : rest.filter(isArea);
  const verdicts = await checkSite(siteToCheck(readConfig(configFile), configFile), areas);
  const isReady = verdicts.every((verdict) => verdict.state !== 'problem');
  if (json) out(JSON.stringify({ ready: isReady, verdicts }));
  else for (const line of formatVerdicts(verdicts)) out(line);
  return isReady ? 0 : 1;
}

/** All at once: a site behind a dead firewall is told in seconds, not minutes. */
export async function checkSite(site: CheckSite, areas: readonly CheckArea[]): Promise<Verdict[]> {
  const found = await Promise.all(areas.map(async (area) => await checks[area](site)));
  return found.flat();
}

export function formatVerdicts(verdicts: readonly Verdict[]): string[] {
  const problems = verdicts.filter((verdict) => verdict.state === 'problem').length;
  const end =
    problems === 0 ? 'Nothing is in the way.' : problems === 1 ? 'One problem.' : `${problems} problems.`;
  return [...formatTable(verdicts.map(({ state, area, text }) => [state, area, text])), '', end];
}

function isArea(word: string): word is CheckArea {
  return (checkAreas as readonly string[]).includes(word);
}
