/** How the whole box is: its parts as they last reported, and in plain words what is wrong. */
import { vendorName, type Vendor } from '../phones/vendors.ts';
import type { Health } from '../world.ts';
import { troublesOfData, type DataPartition } from './data-partition.ts';
import { partNames, type PartName } from './journal-kinds.ts';
import type { PhoneRow } from './phones.ts';
import { isFresh, readReport } from './telemetry.ts';

export interface PartStatus {
  readonly name: PartName;
  /** The settings ask for it. */
  readonly isWanted: boolean;
  readonly isRunning: boolean;
  /** As last reported; absent when it has never run here. */
  readonly health?: Health;
  /** ms since 1970. */
  readonly startedAt?: number;
  readonly reportedAt?: number;
  readonly counters: Readonly<Record<string, number>>;
}

/** `problem` needs somebody; `notice` is worth knowing. */
export interface Trouble {
  readonly severity: 'problem' | 'notice';
  readonly text: string;
  readonly part?: PartName;
  readonly mac?: string;
}

/** Parts report every second; a turn of the disk may take a few. */
const reportTooOldMs = 5000;

export function readParts(
  directory: string,
  wanted: Readonly<Record<PartName, boolean>>,
  now: number,
): PartStatus[] {
  return partNames.map((name) => {
    const report = readReport(directory, name);
    const isRunning = report !== undefined && isFresh(report, now, reportTooOldMs);
    return {
      name,
      isWanted: wanted[name],
      isRunning,
      counters: report?.counters ?? {},
      ...(report && { health: report.health, startedAt: report.startedAt, reportedAt: report.at }),
    };
  });
}

const purpose: Readonly<Record<PartName, string>> = {
  dhcp: 'phones get no addresses from this box',
  provisioning: 'phones get no configuration through this box',
  sip: 'phones cannot register or call through this box',
  rtp: 'calls have no sound',
  location: 'the places of phones are not kept up to date',
  cloud: 'events are not sent to the cloud; they wait here',
  web: 'this page is not served',
};

interface Site {
  readonly parts: readonly PartStatus[];
  readonly phones: readonly PhoneRow[];
  /** Vendors named in `provisioning.allow_cleartext`. */
  readonly allowCleartext: readonly string[];
  readonly data: DataPartition;
}

/** The worst first. A box that does not run at all is one trouble, not seven. */
export function troublesOf({ parts, phones, allowCleartext, data }: Site): Trouble[] {
  const wanted = parts.filter((part) => part.isWanted);
  const cleartext = allowCleartext.map((vendor): Trouble => ({
    severity: 'problem',
    text: `${vendor === 'other' ? 'Devices of no known vendor' : `Phones of ${vendorName(vendor as Vendor)}`} may fetch their configuration and register, with passwords, in clear (provisioning.allow_cleartext).`,
  }));
  if (wanted.every((part) => !part.isRunning)) {
    return [
      { severity: 'problem', text: 'Gatehouse is not running: start it with `gatehouse run`.' },
      ...troublesOfData(data),
      ...cleartext,
    ];
  }
  const ofParts = [...troublesOfData(data), ...wanted.flatMap(troubleOfPart), ...cleartext];
  const troubles = [...ofParts, ...troublesOfPhones(phones)];
  return [...troubles.filter(isProblem), ...troubles.filter((trouble) => !isProblem(trouble))];
}

/** So many that are in the same trouble are one: whoever reads wants the cause, and the list of phones names each. */
const manyAlike = 5;

function troublesOfPhones(phones: readonly PhoneRow[]): Trouble[] {
  const inTrouble = phones.filter((phone) => phone.problem !== undefined);
  return Array.from(
    Map.groupBy(inTrouble, ({ problem }) => problem),
    ([problem, alike]): Trouble[] => {
      const [first] = alike;
      if (first !== undefined && alike.length >= manyAlike)
        return [
          {
            severity: 'notice',
            text: `${alike.length} phones: ${problem} The first is ${phoneName(first)}.`,
          },
        ];
      return alike.map((phone) => ({
        severity: 'notice',
        text: `${phoneName(phone)}: ${problem}`,
        mac: phone.mac,
      }));
    },
  ).flat();
}

function isProblem({ severity }: Trouble): boolean {
  return severity === 'problem';
}

function troubleOfPart({ name, isRunning, health }: PartStatus): Trouble[] {
  if (!isRunning)
    return [{ severity: 'problem', part: name, text: `The part ${name} is not running: ${purpose[name]}.` }];
  if (health === undefined || health.state === 'ok') return [];
  const reason = health.reason ?? 'no reason given';
  return health.state === 'failed'
    ? [
        {
          severity: 'problem',
          part: name,
          text: `The part ${name} does not work (${reason}): ${purpose[name]}.`,
        },
      ]
    : [
        {
          severity: 'problem',
          part: name,
          text: `The part ${name} works with something missing: ${reason}.`,
        },
      ];
}

/** What people call a phone: its place, else maker and model, else its MAC. */
function phoneName({ mac, place, vendorName: maker, model }: PhoneRow): string {
  const device = [maker, model].filter(Boolean).join(' ') || 'Phone';
  return `${device} ${place === undefined ? mac : `in ${place}`}`;
}
