/** A media relay that gives out ports and does nothing. */
import type { EarlySources, LegName, PortPair, Remote } from '../../appliance/protocol/media-control.ts';
import type { LegDescription } from '../../appliance/protocol/media-description.ts';
import type { Media } from '../../appliance/sip/media.ts';

export interface FakeMedia extends Media {
  readonly remotes: Map<string, Remote>;
  /** What was told of legs, and that `update` came, in order. */
  readonly told: [string, LegDescription | undefined][];
  readonly early: Map<string, EarlySources | undefined>;
  readonly expected: Map<string, boolean>;
  readonly open: Set<string>;
  /** `session leg address`. */
  readonly moves: string[];
}

/** Gives out ports in order and remembers what it was told. */
export function fakeMedia(): FakeMedia {
  const remotes = new Map<string, Remote>();
  const told: FakeMedia['told'] = [];
  const early: FakeMedia['early'] = new Map();
  const expected = new Map<string, boolean>();
  const open = new Set<string>();
  const moves: string[] = [];
  const ports = new Map<string, { phone: PortPair; cloud: PortPair }>();
  let next = 20_000;
  const pair = () => {
    next += 2;
    return { rtp: next, rtcp: next + 1 };
  };
  return {
    remotes,
    told,
    early,
    expected,
    open,
    moves,
    isConnected: true,
    awaySince: undefined,
    allocate: (session, _addresses, from) => {
      early.set(session, from);
      open.add(session);
      const given = { phone: pair(), cloud: pair() };
      ports.set(session, given);
      return Promise.resolve(given);
    },
    describe: (session, leg, description) => {
      told.push([`${session} ${leg}`, description]);
      return Promise.resolve();
    },
    update: (session, leg: LegName, ...[remote, description]) => {
      if (description !== undefined) told.push([`${session} ${leg}`, description]);
      told.push([`${session} ${leg}`, undefined]);
      remotes.set(`${session} ${leg}`, remote);
      return Promise.resolve();
    },
    move: (session, leg, address) => {
      const moved = { ...(ports.get(session) ?? { phone: pair(), cloud: pair() }), [leg]: pair() };
      ports.set(session, moved);
      moves.push(`${session} ${leg} ${address}`);
      return Promise.resolve(moved);
    },
    expect: (session, media) => {
      expected.set(session, media);
      return Promise.resolve();
    },
    release: (session) => {
      open.delete(session);
      const count = { bytes: 0, rtcp: 0, dropped: 0 };
      return Promise.resolve({
        session,
        silentMs: 0,
        phone: { ...count, packets: 3 },
        cloud: { ...count, packets: 4 },
      });
    },
    stats: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
