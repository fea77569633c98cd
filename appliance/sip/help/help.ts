/** What is known and kept of one call for help, or of a test of it: who, where, which ways it took, who was told. */
import type { BindingRow } from '../../store/bindings.ts';
import type { EmergencyCall, HelpNotice, HelpWay } from '../../store/emergency-calls.ts';
import type { Placement } from '../../store/placements.ts';
import { enough } from '../../world.ts';
import type { HelpKind } from '../emergency.ts';
import { lost } from '../adoption.ts';
import type { Way } from './ways.ts';

export interface Help {
  readonly call: string;
  readonly kind: HelpKind;
  /** ms since 1970, as the others. */
  readonly at: number;
  /** Call-ID and sender: an attempt with credentials is the same call. */
  readonly dialog: string;
  /** As it was dialled. */
  readonly number: string;
  /** As the phone writes it. */
  readonly name: string;
  readonly caller: BindingRow;
  /** As it was known when the call began. */
  readonly place: Placement | undefined;
  /** Its phone has called too often: people here first, and nobody is told again. */
  readonly isSlowed: boolean;
  /** The number that the far end sees. */
  callback: string | undefined;
  isTold: boolean;
  outcome: string | undefined;
  answeredAt: number | undefined;
  endedAt: number | undefined;
  readonly ways: HelpWay[];
  readonly notices: HelpNotice[];
  /** Once the call itself rings people here. */
  readonly turnedHere: AbortSignal;
  began(way: Way, now: number): { ended(outcome: string): void };
}

export type HelpStart = Pick<
  Help,
  'call' | 'dialog' | 'kind' | 'at' | 'number' | 'name' | 'caller' | 'place' | 'isSlowed' | 'callback'
>;

export function newHelp(start: HelpStart): Help {
  const ways: HelpWay[] = [];
  const here = new AbortController();
  return {
    ...start,
    turnedHere: here.signal,
    isTold: false,
    outcome: undefined,
    answeredAt: undefined,
    endedAt: undefined,
    ways,
    notices: [],
    began: (way, at) => {
      const entry: HelpWay = { way, at, outcome: 'trying' };
      ways.push(entry);
      if (way === 'attendants' || way === 'everybody') here.abort(enough);
      return {
        ended: (outcome) => {
          entry.outcome = outcome;
        },
      };
    },
  };
}

/** It was on its way when the process before us ended: nobody knows more of its outcome, which is given. */
export function loseHelp(help: Help, now: number): string {
  help.endedAt = now;
  for (const way of help.ways) if (way.outcome === 'trying') way.outcome = lost;
  return lost;
}

/** The way that the call is on, or that took it. */
export function wayTaken({ ways }: Pick<Help, 'ways'>): string {
  return ways.find(({ outcome }) => outcome === 'answered')?.way ?? 'nobody';
}

export function rowOf(help: Help): EmergencyCall {
  const { call, kind, at, number, name, caller, place, ways, notices } = help;
  return {
    id: call,
    kind,
    at,
    number,
    name,
    caller: {
      aor: caller.aor,
      phone: caller.phone,
      source: caller.source,
      transport: caller.transport,
      contact: caller.contact_uri,
      ...(caller.mac === null ? {} : { mac: caller.mac }),
    },
    ways: ways.map((way) => ({ ...way })),
    notices: notices.map((notice) => ({ ...notice })),
    ...(place === undefined ? {} : { place }),
    ...(help.callback === undefined ? {} : { callback: help.callback }),
    ...(help.outcome === undefined ? {} : { outcome: help.outcome }),
    ...(help.answeredAt === undefined ? {} : { answeredAt: help.answeredAt }),
    ...(help.endedAt === undefined ? {} : { endedAt: help.endedAt }),
  };
}
