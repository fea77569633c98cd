/** What people and machines on site are told of a call for help. Pure. */
import type { Placement } from '../../store/placements.ts';
import type { Help } from './help.ts';

type Told = Pick<Help, 'call' | 'kind' | 'at' | 'number' | 'name' | 'caller' | 'place' | 'callback'>;

export interface SiteName {
  readonly name: string;
  readonly time_zone: string;
}

/** One line: for a phone's display, a subject, a log. */
export function headline(help: Told): string {
  const word = help.kind === 'test' ? 'Test of' : 'EMERGENCY';
  return `${word} ${help.number}: ${whoOf(help)}, ${whereOf(help.place)}`;
}

export function message(help: Told, site: SiteName): string {
  const when = new Date(help.at).toLocaleString('en-GB', { timeZone: site.time_zone, timeZoneName: 'short' });
  const { mac, source } = help.caller;
  return [
    headline(help),
    '',
    `Dialled: ${help.number}, at ${when}, site "${site.name}"`,
    `Caller: ${whoOf(help)}`,
    `Phone: ${mac ?? 'not known'}, address ${source.slice(0, source.lastIndexOf(':'))}`,
    `Place: ${whereOf(help.place)}${evidenceOf(help.place, site)}`,
    `Call back: ${help.callback ?? 'no number known'}`,
  ].join('\n');
}

/** For a program. */
export function asJson(help: Told, site: SiteName): string {
  const { call, kind, at, number, name, caller, place, callback } = help;
  return JSON.stringify({
    event: kind === 'test' ? 'emergency_test' : 'emergency_call',
    call,
    at: new Date(at).toISOString(),
    site: site.name,
    number,
    caller: { name, number: userOf(caller.aor), mac: caller.mac, address: caller.source },
    callback: callback ?? null,
    place:
      place === undefined
        ? null
        : {
            name: place.place ?? null,
            switch: place.switchName ?? place.chassis ?? null,
            port: place.port ?? null,
            source: place.source,
            since: new Date(place.at).toISOString(),
          },
  });
}

function whoOf({ name, caller }: Pick<Help, 'name' | 'caller'>): string {
  const number = userOf(caller.aor);
  if (name === '') return number === '' ? 'a phone that is not signed in' : number;
  return number === '' || number === name ? name : `${name} (${number})`;
}

function whereOf(place: Placement | undefined): string {
  if (place === undefined) return 'place not known';
  if (place.place !== undefined) return place.place;
  return `port ${place.port ?? '?'} of ${place.switchName ?? place.chassis ?? 'a switch'}`;
}

function evidenceOf(place: Placement | undefined, site: SiteName): string {
  if (place === undefined) return '';
  const since = new Date(place.at).toLocaleString('en-GB', { timeZone: site.time_zone });
  return ` (${place.source}, since ${since})`;
}

function userOf(aor: string): string {
  return aor.includes('@') ? aor.slice(0, aor.lastIndexOf('@')) : '';
}
