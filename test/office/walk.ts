/** One walk of all phones, for `npm run office -- --once` and the lab test: power on, wait, a call each way, figures. */
import { until } from '../support/command.ts';
import { holdCall, type CallResult } from './calls.ts';
import { isPlaced, type Office } from './office.ts';
import type { OfficePhone } from './phone.ts';

export interface PhoneWalk {
  readonly phone: number;
  readonly vendor: string;
  readonly model: string;
  readonly ip?: string;
  readonly port?: string;
  readonly place?: string;
  /** Seconds from power-on. */
  readonly leased?: number;
  readonly configured?: number;
  readonly registered?: number;
  readonly placed?: number;
  readonly calls: readonly CallResult[];
  readonly problem?: string;
}

export interface WalkResult {
  readonly ok: boolean;
  readonly seconds: number;
  readonly phones: readonly PhoneWalk[];
}

const reachTimeoutMs = 60_000;

/** Never throws for a phone that does not come up: its row says why, and `ok` is false. */
export async function walkAll(office: Office): Promise<WalkResult> {
  const begin = Date.now();
  for (const phone of office.phones) phone.powerOn();
  const reached = await Promise.all(office.phones.map((phone) => comeUp(office, phone)));
  const phones: PhoneWalk[] = [];
  // One call after the other: the packets at the far end then belong to one phone.
  for (const [at, row] of reached.entries()) {
    const phone = office.phones[at];
    phones.push(
      phone === undefined || row.problem !== undefined ? row : await callBothWays(office, phone, row),
    );
  }
  return {
    ok: phones.every((row) => row.problem === undefined),
    seconds: Math.round((Date.now() - begin) / 100) / 10,
    phones,
  };
}

async function comeUp(office: Office, phone: OfficePhone): Promise<PhoneWalk> {
  const begin = Date.now();
  const { kind, number } = phone;
  const name = { phone: number, vendor: kind.vendor, model: kind.model };
  const steps = () => {
    const { leased, configured, registered } = phone.seconds;
    return {
      ...(leased === undefined ? {} : { leased }),
      ...(configured === undefined ? {} : { configured }),
      ...(registered === undefined ? {} : { registered }),
    };
  };
  try {
    const [, placed] = await Promise.all([
      phone.reach('registered', reachTimeoutMs),
      placement(office, phone, begin),
    ]);
    const ip = phone.lease?.ip;
    return { ...name, ...(ip === undefined ? {} : { ip }), ...placed, ...steps(), calls: [] };
  } catch (error) {
    return {
      ...name,
      ...steps(),
      calls: [],
      problem: error instanceof Error ? error.message : String(error),
    };
  }
}

async function placement(office: Office, phone: OfficePhone, begin: number) {
  let last = 'not in its list';
  const row = await until(
    `Gatehouse to say where phone ${phone.number} is`,
    async () => {
      const row = (await office.phoneRows()).get(phone.kind.mac);
      if (row !== undefined) last = JSON.stringify(row);
      return isPlaced(phone, row) ? row : undefined;
    },
    { timeoutMs: reachTimeoutMs, everyMs: 250, lastSeen: () => last },
  );
  return {
    ...(row.port === undefined ? {} : { port: row.port }),
    ...(row.place === undefined ? {} : { place: row.place }),
    placed: Math.round((Date.now() - begin) / 10) / 100,
  };
}

/** A talk of two seconds has a hundred packets each way; those on their way when the counters are read are few. */
const isHeard = (sent: number, heard: number) => sent >= 50 && heard >= sent * 0.9 - 5;

/** A call counts when each end sent for the time talked and heard nearly all that the other one sent. */
export function callProblem({ direction, phone, callee }: CallResult): string | undefined {
  const isGood = isHeard(phone.sent, callee.heard) && isHeard(callee.sent, phone.heard);
  if (isGood) return undefined;
  const figures = `phone sent ${phone.sent} heard ${phone.heard}, other end sent ${callee.sent} heard ${callee.heard}`;
  return `${direction} call: ${figures}`;
}

async function callBothWays(office: Office, phone: OfficePhone, row: PhoneWalk): Promise<PhoneWalk> {
  const calls: CallResult[] = [];
  try {
    for (const direction of ['outbound', 'inbound'] as const) {
      calls.push(await holdCall(office.cloud, phone, { direction }));
    }
  } catch (error) {
    return { ...row, calls, problem: error instanceof Error ? error.message : String(error) };
  }
  const problem = calls.map(callProblem).find((text) => text !== undefined);
  return { ...row, calls, ...(problem === undefined ? {} : { problem }) };
}
