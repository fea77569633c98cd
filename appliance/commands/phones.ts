/** `gatehouse phones`: every phone and how far it has come. */
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { readPhones, type PhoneRow } from '../store/phones.ts';
import { requireReadable } from './state-directory.ts';
import { elapsed, formatTable } from './table.ts';

export async function phonesCommand({ configFile, json, out }: CommandCall): Promise<number> {
  const { site } = readConfig(configFile);
  requireReadable(site.state_directory);
  const now = Date.now();
  const phones = readPhones(site.state_directory, now, site);
  if (json) out(JSON.stringify({ phones }));
  else for (const line of formatPhones(phones, now)) out(line);
  return phones.some((phone) => phone.problem !== undefined) ? 1 : 0;
}

export function formatPhones(phones: readonly PhoneRow[], now: number): string[] {
  if (phones.length === 0) return ['No phone has been seen yet.'];
  const rows = phones.map((phone) => phoneLine(phone, now));
  return formatTable([
    ['MAC', 'PHONE', 'STAGE', 'FOR', 'ADDRESS', 'SWITCH PORT', 'PLACE', 'PROBLEM'],
    ...rows,
  ]);
}

function phoneLine(phone: PhoneRow, now: number): string[] {
  const since = phone.reached[phone.stage] ?? phone.lastSeenAt;
  const name = [phone.vendorName, phone.model, firmwareName(phone)].filter(Boolean).join(' ');
  const port = phone.port === undefined ? '' : `${phone.switchName ?? phone.chassis ?? '?'} ${phone.port}`;
  const cells = [
    phone.mac,
    name,
    phone.stage,
    elapsed(now - since),
    phone.ip,
    port,
    phone.place,
    phone.problem,
  ];
  return cells.map((cell) => (cell === undefined || cell === '' ? '-' : cell));
}

/** Nothing is said of what nobody knows. */
function firmwareName({ firmware, firmwareState = 'unknown' }: PhoneRow): string | undefined {
  return firmware === undefined || firmwareState === 'unknown' ? firmware : `${firmware} (${firmwareState})`;
}
