/** `gatehouse phone <mac> restart`: orders the phone to restart, and waits for what comes of it. */
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { giveErrand } from '../store/errands.ts';
import { readPhoneDetail, type SiteOfPhone } from '../store/phone-detail.ts';
import { openStore, storeFile } from '../store/store.ts';

/** A phone's answer is waited for as long as the SIP part does, and some seconds for it to look. */
const patienceMs = 50_000;
const everyMs = 250;

interface Ordering {
  readonly mac: string;
  readonly directory: string;
  readonly site: SiteOfPhone;
  readonly json: boolean;
  readonly out: (line: string) => void;
}

/** Exit code 0 when the phone has accepted. Given before anything is said: what the terminal shows is on the disk. */
export async function restartPhone({ mac, directory, site, json, out }: Ordering): Promise<number> {
  const look = () => readPhoneDetail(directory, mac, { now: Date.now(), site })?.restarting;
  const offer = look();
  if (offer?.isOffered !== true) {
    const words = offer?.words ?? `No phone ${mac} was seen here.`;
    out(json ? JSON.stringify({ mac, restart: null, words }) : `Not ordered: ${words}`);
    return 1;
  }
  if (!existsSync(storeFile(directory, 'web')))
    throw new Error(`${storeFile(directory, 'web')} is not there: the box has never run here`);
  const now = Date.now();
  const isGiven = await (async () => {
    using store = openStore({ directory, part: 'web', clock: { now: () => now } });
    return await store.write((tx) => giveErrand(tx, 'restart', { mac, now }));
  })();
  if (!isGiven) out('It was ordered to a moment ago; this is what came of that.');
  else if (!json) out(`Ordered. ${offer.words}`);
  let last = look()?.last;
  for (const end = Date.now() + patienceMs; last?.isOpen === true && Date.now() < end; last = look()?.last)
    await setTimeout(everyMs);
  if (json) out(JSON.stringify({ mac, restart: last ?? null }));
  else out(last?.words ?? 'Nothing is known of the order.');
  return last?.isGood === true ? 0 : 1;
}
