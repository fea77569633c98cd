/** Phones that would be lost without this box: they need `gatehouse bypass` before it goes. */
import { readPhones, type SiteOfPhones } from './phones.ts';

export function ledPhones(directory: string, now: number, site: SiteOfPhones): string[] {
  return readPhones(directory, now, site)
    .filter(
      ({ posture, reached, leaving }) =>
        posture !== 'assist' && reached.configured !== undefined && leaving !== 'left',
    )
    .map(({ mac }) => mac);
}
