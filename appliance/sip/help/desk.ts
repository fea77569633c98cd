/** Keeps every call for help: begins its evidence, has people told, remembers whom to call back, and writes it down afterwards. */
import { newTokenBuckets } from '../../net/token-buckets.ts';
import { headerValue, parseNameAddress } from '../../protocol/sip-headers.ts';
import {
  readEmergencyCalls,
  saveEmergencyCall,
  type EmergencyCall,
  type HelpNotice,
} from '../../store/emergency-calls.ts';
import type { BindingRow } from '../../store/bindings.ts';
import type { Placement } from '../../store/placements.ts';
import type { Store } from '../../store/store.ts';
import type { World } from '../../world.ts';
import type { Config } from '../../config/schema.ts';
import { addressOf, senderName } from '../application.ts';
import type { Afterwards } from '../afterwards.ts';
import { dialledNumber, type DialPlan } from '../dial-plan.ts';
import type { HelpKind } from '../emergency.ts';
import { isSameNumber, numberPlan, shownNumber, type NumberPlan } from '../gateway/numbers.ts';
import type { Incoming, SipServer } from '../srf.ts';
import { bindingOf } from './callback.ts';
import { loseHelp, newHelp, rowOf, wayTaken, type Help } from './help.ts';
import { newNotices } from './notices.ts';
import { lanWays, type NoticeWay } from './notice-ways.ts';
import { phoneWay } from './phone-notice.ts';
import { watchPlaces } from './places.ts';
import type { Way } from './ways.ts';

export interface HelpDesk extends AsyncDisposable {
  begin(call: string, kind: HelpKind, from: From): Help;
  /** At once, and beside the call. `phones`: attendants that are there. */
  tell(help: Help, phones: readonly BindingRow[]): void;
  changed(help: Help): void;
  /** Its call takes this way now; what comes of it is told to what comes back. */
  tries(help: Help | undefined, way: Way): { ended(outcome: string): void } | undefined;
  /** How it went on is known. */
  settled(help: Help, outcome: string): void;
  /** A call that the process before us had has ended, if it was one for help. */
  over(call: string): void;
  /** Whom a call to this number is for, while a call for help that showed it is not long ago. */
  callerOf(called: string): Help | undefined;
  /** The same for a phone that its registrar calls. */
  awaitsCall(binding: BindingRow): boolean;
}

interface Needs {
  readonly world: World;
  readonly config: Config;
  readonly dialPlan: DialPlan;
  readonly store: Store;
  readonly server: SipServer;
  readonly afterwards: Afterwards;
}

/** Calls for help of one address: beyond it people here are rung first, and nobody is told anew. */
const pace = { burst: 5, perSecond: 0.1 } as const;
const remembered = 500;

export function openHelpDesk({ world, config, dialPlan, store, server, afterwards }: Needs): HelpDesk {
  const { clock, log } = world;
  const numbers = numberPlan({ config, dialPlan });
  const places = watchPlaces(world, config.site.state_directory);
  const calls = newTokenBuckets(pace);
  const windowMs = config.emergency.callback_minutes * 60_000;
  /** The latest first. */
  const recent: Help[] = readBefore(store, clock.now() - Math.max(windowMs, 86_400_000)).map(helpOf);
  const changed = (help: Help) => {
    const row = rowOf(help);
    afterwards.write((tx) => saveEmergencyCall(tx.db, row));
  };
  const notices = newNotices({
    world,
    onChange: (help, notice) => (changed(help), tellNotice(afterwards, help, notice)),
  });
  const ways = lanWays(config);
  const settled = (help: Help, outcome: string) => {
    help.outcome ??= outcome;
    changed(help);
    tellOutcome(afterwards, help);
  };
  for (const help of recent) if (help.outcome === undefined) settled(help, loseHelp(help, clock.now()));
  resume(recent, ways, (help, way, before) => notices.tell(help, way, before));
  const ages = newAges(clock, recent);
  const open = () => recent.filter((help) => ages.isOpen(help, windowMs));
  return {
    begin: (call, kind, from) => {
      const dialog = dialogOf(from);
      const known = recent.find((help) => help.dialog === dialog && help.outcome === undefined);
      if (known !== undefined) return known;
      const isSlowed = kind === 'help' && !calls.take(senderName(from.request), clock.now());
      const place = places.of(from.caller.mac);
      const start = { call, dialog, kind, at: clock.now(), place, isSlowed };
      const help = newHelp({ ...start, ...ofCaller(numbers, from, place) });
      ages.begin(help);
      recent.unshift(help);
      recent.splice(remembered);
      changed(help);
      log.warn({ call, mac: from.caller.mac, number: help.number, kind }, 'call for help');
      return help;
    },
    tell: (help, phones) => {
      if (help.isSlowed) return;
      const rung = help.kind === 'test' ? [] : phones;
      const toPhones = rung.map((phone) => phoneWay({ world, server, config }, phone));
      for (const way of [...toPhones, ...ways]) notices.tell(help, way);
    },
    changed,
    tries: (help, way) => help && tryIn(help, way, { now: clock.now(), changed }),
    settled,
    over: (call) => endOf(recent, call, clock.now()).forEach(changed),
    callerOf: (called) => latestCaller(open(), called, numbers),
    awaitsCall: ({ aor, phone }) => open().some(({ caller }) => caller.aor === aor && caller.phone === phone),
    [Symbol.asyncDispose]: async () => {
      await notices[Symbol.asyncDispose]();
      await places[Symbol.asyncDispose]();
    },
  };
}

/** How long ago calls began, ms, by a clock that nobody sets. */
function newAges(clock: World['clock'], recent: readonly Help[]) {
  const begunAt = new WeakMap<Help, number>();
  const begin = (help: Help, age = 0) => begunAt.set(help, clock.monotonic() - age);
  // One of the far future is of a time when the clock was wrong: its time is over.
  for (const help of recent) begin(help, Math.abs(clock.now() - help.at));
  const isOpen = (help: Help, ms: number) =>
    help.kind === 'help' && clock.monotonic() - (begunAt.get(help) ?? -Infinity) < ms;
  return { begin, isOpen };
}

function tryIn(
  help: Help,
  way: Way,
  { now, changed }: { now: number; changed: (help: Help) => void },
): { ended(outcome: string): void } {
  const tried = help.began(way, now);
  changed(help);
  return {
    ended: (outcome) => {
      tried.ended(outcome);
      changed(help);
    },
  };
}

function latestCaller(open: readonly Help[], called: string, numbers: NumberPlan): Help | undefined {
  const named = open.find(
    ({ callback }) => callback !== undefined && isSameNumber(callback, called, numbers),
  );
  // Lines without numbers of their own ring whatever was set up: then it is for who called last that way.
  return named ?? open.find(({ ways }) => ways.some(({ way }) => way === 'gateway'));
}

interface From {
  readonly request: Incoming;
  readonly caller: BindingRow;
}

function dialogOf({ request, caller }: From): string {
  return `${headerValue(request, 'Call-ID') ?? ''} ${addressOf(caller.source)}`;
}

function ofCaller(
  numbers: NumberPlan,
  { request, caller }: From,
  place: Placement | undefined,
): Pick<Help, 'number' | 'name' | 'caller' | 'callback'> {
  const { display = '' } = parseNameAddress(headerValue(request, 'From') ?? '');
  const user = caller.aor.split('@')[0] ?? '';
  return {
    number: dialledNumber(request.uri) || request.uri.slice(0, 60),
    name: display.replaceAll(/^"|"$|[\\]/g, '').slice(0, 80),
    caller,
    callback: shownNumber({ user, isEmergency: true, place: place?.place }, numbers),
  };
}

/** A store that can't be read has nothing to say; calls go on. */
function readBefore(store: Store, since: number): EmergencyCall[] {
  try {
    return readEmergencyCalls(store.db, { since, limit: remembered });
  } catch {
    return [];
  }
}

function helpOf(row: EmergencyCall): Help {
  const { id: call, caller, ways, notices, place, callback, ...rest } = row;
  const help = newHelp({
    ...rest,
    call,
    dialog: '',
    caller: bindingOf(caller),
    place,
    callback,
    isSlowed: false,
  });
  help.ways.push(...ways);
  help.notices.push(...notices);
  Object.assign(help, { outcome: row.outcome, answeredAt: row.answeredAt, endedAt: row.endedAt });
  return help;
}

/** Those that had no end until now. */
function endOf(recent: readonly Help[], call: string, now: number): Help[] {
  const ending = recent.filter((help) => help.call === call && help.endedAt === undefined);
  for (const help of ending) help.endedAt = now;
  return ending;
}

/** Notices that a process before us had not delivered. */
function resume(
  recent: readonly Help[],
  ways: readonly NoticeWay[],
  tell: (help: Help, way: NoticeWay, before: Help['notices'][number]) => void,
): void {
  for (const help of recent) {
    for (const notice of help.notices) {
      const way = ways.find(({ by, to }) => by === notice.by && to === notice.to);
      if (!notice.isDelivered && way !== undefined) tell(help, way, notice);
    }
  }
}

function tellNotice(afterwards: Afterwards, help: Help, notice: HelpNotice): void {
  const { by, to, isDelivered, result = '', tries } = notice;
  if (!isDelivered && tries > 1) return;
  const body = { call: help.call, by, to, delivered: isDelivered, result, tries };
  afterwards.write((tx) => tx.journal({ kind: 'emergency_notice', mac: help.caller.mac ?? undefined, body }));
}

function tellOutcome(afterwards: Afterwards, help: Help): void {
  const { call, kind, number: to, caller, place, callback, outcome, at } = help;
  const body = {
    call,
    to,
    from: caller.aor,
    way: wayTaken(help),
    outcome,
    place: place?.place,
    callback,
    dialled_at: at,
    is_test: kind === 'test' ? true : undefined,
    slowed: help.isSlowed ? true : undefined,
  };
  afterwards.write((tx) => tx.journal({ kind: 'emergency_call', mac: caller.mac ?? undefined, body }));
}
