/** Names of SIP Gateway that a box needs. */
import { regionUrl, type Region } from './url.ts';

/** Where a phone's first stage is, plain HTTP. */
export function firstStageHost(region: Region): string {
  return new URL(regionUrl(region)).hostname;
}

/** Where the later stages are, HTTPS; a phone of any region may be sent to any of them. */
export const laterStageHosts = ['usea', 'uswe', 'ause'].map((name) => `${name}.dm.sdg.teams.microsoft.com`);

/** Where phones register: first while they are onboarded, then for good. */
export function registrarHosts(region: Region): string[] {
  return [`obsbc-${region}.sdg.teams.microsoft.com`, `mainsbc-${region}.sdg.teams.microsoft.com`];
}
