/**
 * Syslog of phones over UDP (RFC 5426), where the settings ask for it: kept beside the logs that they upload, bounded and masked.
 * Anybody can send a datagram: what doesn't come from a phone's own address is not read.
 */
import type { Config } from '../config/schema.ts';
import { listenFds } from '../net/listen-fds.ts';
import { newTokenBuckets } from '../net/token-buckets.ts';
import { openUdp } from '../net/udp.ts';
import { readSyslogLine } from '../protocol/syslog-line.ts';
import { phoneOfAddress, readPhoneConfiguration } from '../store/phone-configurations.ts';
import { openPhoneSyslog, type PhoneSyslogLine, type PhoneSyslogStore } from '../store/phone-syslog.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import type { LeaseView } from './identify.ts';
import { maskLog } from './log-mask.ts';

interface Counters {
  syslog_kept: number;
  syslog_over_rate: number;
  syslog_ignored: number;
  syslog_lost: number;
}

interface Needs {
  readonly world: World;
  readonly config: Pick<Config, 'site' | 'provisioning'>;
  readonly store: Pick<Store, 'db'>;
  readonly leases: LeaseView;
  readonly counters: Counters;
  /** In place of 514, for tests. */
  readonly port: number | undefined;
}

const syslogPort = 514;

/** A phone's start is a few hundred lines at its usual level. */
const ofPhone = { burst: 300, perSecond: 10 };
const ofSite = { burst: 3000, perSecond: 200 };
/** Addresses that are looked up: a flood from invented ones must not keep the disk busy. */
const lookUps = { burst: 500, perSecond: 50 };
/** Bytes of a datagram that are read: RFC 5424 section 6.1 asks for 2048. */
const mostBytes = 4096;
const writeEveryMs = 500;
const mostWaiting = 4000;

type Waiting = (PhoneSyslogLine & { readonly mac: string })[];

/** Undefined when the settings don't want it. Rejects when the port can't be had. */
export async function startSyslog(needs: Needs): Promise<AsyncDisposable | undefined> {
  const { config, counters, world } = needs;
  if (!config.provisioning.syslog) return undefined;
  await using opening = new AsyncDisposableStack();
  const kept = opening.use(openPhoneSyslog(config.site.state_directory));
  const socket = opening.use(await openUdp(handedOver() ?? at(needs)));
  const lineOf = newReader(needs);
  let waiting: Waiting = [];
  socket.onError((error) => world.log.debug({ error: error.message }, 'syslog socket'));
  socket.onDatagram((bytes, { address }) => {
    const line = lineOf(bytes, address);
    if (line === undefined) return;
    if (waiting.length < mostWaiting) waiting.push(line);
    else counters.syslog_over_rate += 1;
  });
  const write = () => {
    const lines = waiting;
    waiting = [];
    if (lines.length > 0) keep(needs, kept, lines);
  };
  const stop = new AbortController();
  const writing = writeAgain(world, write, stop.signal);
  world.log.info({ port: socket.address().port }, 'syslog of phones');
  const running = opening.move();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await writing;
      write();
      await running[Symbol.asyncDispose]();
    },
  };
}

const at = ({ config, port = syslogPort }: Needs) => ({ address: config.site.address, port });

/** A socket of systemd or `with-sockets`: ports below 1024 need a right. */
function handedOver(): { fd: number } | undefined {
  for (const [name, fd] of listenFds()) if (name.split('=')[0] === 'provisioning-syslog') return { fd };
  return undefined;
}

/** The returned function counts what it drops. */
function newReader({ counters, leases, store, world }: Needs) {
  const phones = newTokenBuckets(ofPhone);
  const site = newTokenBuckets(ofSite);
  const phoneOf = newAddressBook({ leases, store });
  return (bytes: Uint8Array, address: string): Waiting[number] | undefined => {
    const now = world.clock.now();
    const mac = phoneOf(address, now);
    if (mac !== undefined && !(phones.take(mac, now) && site.take('all', now))) {
      counters.syslog_over_rate += 1;
      return undefined;
    }
    // Masked before it is cut or its lines are joined: half a password at the seam would stay.
    const line = mac === undefined ? undefined : readSyslogLine(masked(bytes.subarray(0, mostBytes)));
    if (mac === undefined || line === undefined) {
      counters.syslog_ignored += 1;
      return undefined;
    }
    return { mac, at: now, ...line };
  };
}

const masked = (bytes: Uint8Array) => Buffer.from(maskLog(Buffer.from(bytes).toString('latin1')), 'latin1');

const rememberedMs = 10_000;
const mostRemembered = 4096;

function newAddressBook({ leases, store: { db } }: Pick<Needs, 'leases' | 'store'>) {
  const remembered = new Map<string, { readonly mac: string | undefined; readonly until: number }>();
  const budget = newTokenBuckets(lookUps);
  return (ip: string, now: number): string | undefined => {
    const known = remembered.get(ip);
    if (known !== undefined && known.until > now) return known.mac;
    if (!budget.take('all', now)) return undefined;
    const mac = phoneAt(ip, { leases, db });
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(ip, { mac, until: now + rememberedMs });
    return mac;
  };
}

/** By its lease, else by its last answer where it has no lease elsewhere. It has to have asked here for its configuration. */
function phoneAt(ip: string, { leases, db }: Pick<Needs, 'leases'> & Pick<Store, 'db'>): string | undefined {
  const holder = leases.byIp(ip);
  const leased = holder?.evidence === 'informed' ? undefined : holder?.mac;
  const mac = leased ?? phoneOfAddress(db, ip);
  if (mac === undefined || readPhoneConfiguration(db, mac) === undefined) return undefined;
  return leased === undefined && (leases.ipOf(mac) ?? ip) !== ip ? undefined : mac;
}

/** Never throws: a log is not worth a phone's configuration. */
function keep({ counters, world }: Needs, kept: PhoneSyslogStore, lines: Waiting): void {
  try {
    kept.write(lines);
    counters.syslog_kept += lines.length;
  } catch (error) {
    counters.syslog_lost += lines.length;
    world.log.error({ error: String(error), lines: lines.length }, 'syslog of phones not kept');
  }
}

async function writeAgain({ clock }: World, write: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(writeEveryMs, signal).catch(() => undefined);
    write();
  }
}
