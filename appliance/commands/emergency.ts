/** `gatehouse emergency [call]`: calls for help, or all that is kept of one. */
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { readEmergencyCalls, type EmergencyCall } from '../store/emergency-calls.ts';
import { readFacts } from '../store/phones.ts';
import { requireReadable } from './state-directory.ts';
import { formatTable, plainText } from './table.ts';

const listed = 100;
const kept = 2000;

export async function emergencyCommand({ configFile, json, rest, out }: CommandCall): Promise<number> {
  const { site } = readConfig(configFile);
  requireReadable(site.state_directory);
  const [wanted] = rest;
  const calls = readFacts(site.state_directory, 'sip', (db) =>
    readEmergencyCalls(db, { limit: wanted === undefined ? listed : kept }),
  );
  if (wanted === undefined) {
    if (json) out(JSON.stringify({ calls }));
    else for (const line of formatCalls(calls, site.time_zone)) out(line);
    return 0;
  }
  const found = calls.filter(({ id }) => id.startsWith(wanted));
  const [call] = found;
  if (call === undefined || found.length > 1) {
    out(call === undefined ? `no emergency call ${wanted}` : `several calls begin with ${wanted}`);
    return 1;
  }
  if (json) out(JSON.stringify(call));
  else for (const line of formatCall(call, site.time_zone)) out(line);
  return 0;
}

export function formatCalls(calls: readonly EmergencyCall[], timeZone: string): string[] {
  if (calls.length === 0) return ['Nobody has called for help.'];
  return formatTable([
    ['CALL', 'WHEN', 'NUMBER', 'WHO', 'WHERE', 'TAKEN BY', 'NOT TOLD'],
    ...calls.map((call) => [
      call.id.slice(0, 8),
      whenOf(call.at, timeZone),
      call.kind === 'test' ? `${call.number} (test)` : call.number,
      call.name || call.caller.aor,
      placeOf(call),
      takenBy(call),
      call.notices.flatMap(({ by, isDelivered }) => (isDelivered ? [] : [by])).join(', ') || '-',
    ]),
  ]);
}

export function formatCall(call: EmergencyCall, timeZone: string): string[] {
  const { caller, place, answeredAt, endedAt } = call;
  const when = (at: number | undefined) => (at === undefined ? '-' : whenOf(at, timeZone));
  const evidence = place === undefined ? '' : ` (${place.source}, since ${when(place.at)})`;
  return [
    `Call ${call.id}`,
    ...formatTable([
      ['Dialled', `${call.number} at ${when(call.at)}${call.kind === 'test' ? ', a test' : ''}`],
      ['Caller', `${call.name} ${caller.aor}`.trim()],
      ['Phone', `${caller.mac ?? 'MAC not known'}, ${caller.source} (${caller.transport})`],
      ['Place', `${placeOf(call)}${evidence}`],
      ['Call back', call.callback ?? '-'],
      ['Answered', when(answeredAt)],
      ['Ended', when(endedAt)],
      ['Outcome', call.outcome ?? 'not known yet'],
    ]),
    '',
    ...formatTable([
      ['WAY', 'FROM', 'OUTCOME'],
      ...call.ways.map(({ way, at, outcome }) => [way, when(at), outcome]),
    ]),
    '',
    ...(call.notices.length === 0
      ? ['Nobody was told.']
      : formatTable([
          ['TOLD BY', 'TO', 'DELIVERED', 'TRIES', 'RESULT'],
          ...call.notices.map(({ by, to, isDelivered, tries, at, result = 'trying' }) => [
            by,
            to,
            isDelivered ? when(at) : 'no',
            String(tries),
            result,
          ]),
        ])),
  ].map(plainText);
}

function takenBy({ ways, outcome }: EmergencyCall): string {
  const taken = ways.find((way) => way.outcome === 'answered')?.way;
  return taken ?? (outcome === undefined ? 'not known yet' : `nobody (${outcome})`);
}

function placeOf({ place }: EmergencyCall): string {
  if (place === undefined) return 'not known';
  return place.place ?? `port ${place.port ?? '?'} of ${place.switchName ?? place.chassis ?? 'a switch'}`;
}

function whenOf(at: number, timeZone: string): string {
  return new Date(at).toLocaleString('sv-SE', { timeZone });
}
