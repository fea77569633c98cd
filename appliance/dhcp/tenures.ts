/** What is known of each address, by its number, in as little memory as it takes: a large site has 50,000. */
import type { LeaseState, Tenure } from '../store/leases.ts';
import type { AddressSpace } from './address-space.ts';
import type { Circuit } from './circuit-leases.ts';

export interface Tenures {
  /** Undefined for an address that nobody ever had. */
  at(at: number): Tenure | undefined;
  /** As `at(at)?.client`: undefined, or null while the address is on probation. */
  clientAt(at: number): string | null | undefined;
  /** Undefined when nobody may count on it any more. */
  runningState(at: number, now: number): Exclude<LeaseState, 'released'> | undefined;
  isOver(at: number, now: number): boolean;
  set(at: number, tenure: Tenure | undefined): void;
  shift(ms: number): void;
}

const states: readonly LeaseState[] = ['bound', 'released', 'declined'];
/** Of an address that nobody ever had. */
const none = 0;

/** `keepsCircuits` false: of where clients are nothing is known. */
export function openTenures(space: AddressSpace, keepsCircuits: boolean): Tenures {
  const { size } = space;
  const codes = new Uint8Array(size);
  const startedAt = new Float64Array(size);
  const expiresAt = new Float64Array(size);
  const declines = new Uint16Array(size);
  const clients = Array.from({ length: size }, (): string | null => null);
  /** Where it is not what the client is known by. */
  const macs = new Map<number, string>();
  const circuits = new Map<number, Circuit>();

  return {
    at: (at) => {
      const state = states[(codes[at] ?? none) - 1];
      if (state === undefined) return undefined;
      const client = clients[at] ?? null;
      const { circuit_id, giaddr } = circuits.get(at) ?? { circuit_id: null, giaddr: null };
      return {
        ip: space.addressAt(at),
        client,
        mac: macs.get(at) ?? client ?? '',
        started_at: startedAt[at] ?? 0,
        expires_at: expiresAt[at] ?? 0,
        state,
        circuit_id,
        giaddr,
        declines: declines[at] ?? 0,
      };
    },
    clientAt: (at) => (codes[at] === none ? undefined : clients[at]),
    runningState: (at, now) => {
      const state = states[(codes[at] ?? none) - 1];
      return state === 'released' || (expiresAt[at] ?? 0) <= now ? undefined : state;
    },
    isOver: (at, now) => codes[at] !== none && (expiresAt[at] ?? 0) <= now,
    set: (at, tenure) => {
      codes[at] = tenure === undefined ? none : codeOf(tenure.state);
      clients[at] = tenure?.client ?? null;
      keep(macs, at, tenure?.mac === tenure?.client ? undefined : tenure?.mac);
      if (keepsCircuits) keep(circuits, at, tenure && circuitOf(tenure));
      startedAt[at] = tenure?.started_at ?? 0;
      expiresAt[at] = tenure?.expires_at ?? 0;
      declines[at] = tenure?.declines ?? 0;
    },
    shift: (ms) => {
      for (const [at, code] of codes.entries()) {
        if (code === none) continue;
        startedAt[at] = (startedAt[at] ?? 0) + ms;
        expiresAt[at] = (expiresAt[at] ?? 0) + ms;
      }
    },
  };
}

/** Few addresses have one. */
function keep<T>(kept: Map<number, T>, at: number, value: T | undefined): void {
  if (value !== undefined) kept.set(at, value);
  else if (kept.size > 0) kept.delete(at);
}

function codeOf(state: LeaseState): number {
  return states.indexOf(state) + 1;
}

function circuitOf({ circuit_id, giaddr }: Circuit): Circuit | undefined {
  return circuit_id === null ? undefined : { circuit_id, giaddr };
}
