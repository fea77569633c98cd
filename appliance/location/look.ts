/** One look at all evidence: what it means for each phone, and what of that is new is committed. */
import type { Config } from '../config.ts';
import type { StoreName } from '../store/journal-kinds.ts';
import { removePlacement, savePlacement, type Placement } from '../store/placements.ts';
import type { Reader } from '../store/reader.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { World } from '../world.ts';
import {
  bookLeases,
  bookNeighbors,
  bookSwitch,
  conflictingPorts,
  forgetLost,
  type Book,
  type Evidence,
} from './evidence.ts';
import { knownPhones } from './known-phones.ts';
import type { Listener } from './listener.ts';
import { leaseEvidence } from './option82.ts';
import { placementChange, resolvePlacement } from './resolve.ts';
import type { SwitchWatch } from './watch.ts';

/** What the collector holds between two looks. */
export interface Holdings {
  readonly world: World;
  readonly config: Config;
  readonly store: Store;
  readonly book: Book;
  /** As in the file. */
  readonly placements: Map<string, Placement>;
  /** Of the other parts, as far as they can be read now. */
  readonly readers: Map<StoreName, Reader>;
  readonly watches: SwitchWatch[];
  listener: Listener | undefined;
  readonly counters: Record<
    'placed' | 'moved' | 'unplaced' | 'conflicts' | 'polls' | 'polls_failed' | 'walks' | 'errors',
    number
  >;
}

/** A row a phone; more phones than this is no branch. */
const mostPlacements = 10_000;

interface PhoneChange {
  readonly mac: string;
  readonly change: 'placed' | 'moved' | 'unplaced' | 'told';
  readonly before: Placement | undefined;
  readonly after: Placement | undefined;
}

export async function lookAtAll(holdings: Holdings): Promise<void> {
  const { world, store, placements, counters } = holdings;
  const now = world.clock.now();
  const { changes, conflicts } = bringUpToDate(holdings, now);
  if (changes.length === 0 && conflicts.length === 0) return;
  await store.write((transaction) => {
    for (const change of changes) writeChange(transaction, change);
    for (const { mac, ports } of conflicts) {
      transaction.journal({ kind: 'conflict', mac, body: { ports: ports.join(', ') } });
    }
  });
  counters.conflicts += conflicts.length;
  for (const { change, mac, after } of changes) {
    if (change !== 'told') counters[change] += 1;
    if (after === undefined) placements.delete(mac);
    else placements.set(mac, after);
    if (change !== 'told') world.log.info({ mac, port: after?.port, place: after?.place }, `phone ${change}`);
  }
}

function bringUpToDate(
  { config, book, placements, readers, watches, listener }: Holdings,
  now: number,
): { changes: PhoneChange[]; conflicts: { mac: string; ports: string[] }[] } {
  const known = knownPhones(readers, now);
  for (const watch of watches) {
    const tables = watch.tables();
    if (tables !== undefined) bookSwitch(book, { switchName: watch.config.name, tables, known }, now);
  }
  bookLeases(book, leaseEvidence(known, config.location.option_82, now), now);
  if (listener !== undefined) bookNeighbors(book, { neighbors: listener.neighbors(), known }, now);
  forgetLost(book, now);

  const byMac = Map.groupBy(book.values(), ({ mac }) => mac);
  const macs = new Set([...known.ipByMac.keys(), ...byMac.keys(), ...placements.keys()]);
  const changes = [...macs].flatMap((mac) =>
    phoneChange(
      { mac, ip: known.ipByMac.get(mac), evidence: byMac.get(mac) ?? [], before: placements.get(mac) },
      config,
      now,
    ),
  );
  const room = mostPlacements - placements.size;
  const placed = changes.filter(({ change }) => change === 'placed').slice(0, Math.max(room, 0));
  const others = changes.filter(({ change }) => change !== 'placed');
  const conflicts = [...byMac]
    .map(([mac, evidence]) => ({ mac, ports: conflictingPorts(evidence, now) }))
    .filter(({ ports }) => ports.length > 0);
  // Before dhcp and sip can be read, a phone that only they know is not gone.
  const kept = mayForget(config, readers) ? others : others.filter(({ change }) => change !== 'unplaced');
  return {
    changes: [...kept.filter((change) => readers.has('dhcp') || !isUnheard(change)), ...placed],
    conflicts,
  };
}

/** Before dhcp can be read, its word of before holds against all but a switch's. */
function isUnheard({ before, after }: PhoneChange): boolean {
  return before?.source === 'option82' && after?.source !== 'snmp';
}

function mayForget({ dhcp, site }: Config, readers: ReadonlyMap<StoreName, Reader>): boolean {
  return (dhcp.mode === 'off' || readers.has('dhcp')) && (site.posture !== 'full' || readers.has('sip'));
}

function phoneChange(
  {
    mac,
    ip,
    evidence,
    before,
  }: { mac: string; ip: string | undefined; evidence: Evidence[]; before: Placement | undefined },
  config: Config,
  now: number,
): PhoneChange[] {
  const after = resolvePlacement({ mac, ip }, { evidence, wiremap: config.location.wiremap }, now);
  const change = placementChange(before, after);
  if (change === 'none') return [];
  const since = change === 'told' && before !== undefined ? before.at : now;
  return [{ mac, change, before, after: after && { ...after, at: since } }];
}

function writeChange(transaction: Transaction, { mac, change, before, after }: PhoneChange): void {
  if (after === undefined) {
    removePlacement(transaction.db, mac);
    const { place, chassis, port, switchName } = before ?? {};
    transaction.journal({ kind: 'unplaced', mac, body: { place, chassis, port, switch_name: switchName } });
    return;
  }
  savePlacement(transaction.db, after);
  if (change === 'told') return;
  const { ip, place, chassis, port, switchName, source, matched } = after;
  const body = { ip, place, chassis, port, switch_name: switchName, source, matched };
  if (change === 'placed') transaction.journal({ kind: 'placed', mac, body });
  else {
    const from = {
      from_place: before?.place,
      from_chassis: before?.chassis,
      from_port: before?.port,
      from_switch_name: before?.switchName,
    };
    transaction.journal({ kind: 'moved', mac, body: { ...body, ...from } });
  }
}
