/** Whether the kernel passes IPv4 packets on from card to card: read and switched in /proc/sys, with the right to (CAP_NET_ADMIN). */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

const settings = '/proc/sys/net/ipv4';
const netAdmin = 12n;

/** Throws when /proc/sys is hidden from this process. */
export function isForwarding(): boolean {
  return readFileSync(`${settings}/ip_forward`, 'latin1').trim() === '1';
}

/** Throws without the right. No card sends redirects then: who sends to the box shall go on doing so. */
export function setForwarding(on: boolean): void {
  if (on) {
    for (const card of readdirSync(`${settings}/conf`))
      writeFileSync(`${settings}/conf/${card}/send_redirects`, '0');
    // Reverse-path checks look at the way back with the packet's mark: without it there is none, see passOnlyMarked.
    writeFileSync(`${settings}/conf/all/src_valid_mark`, '1');
  }
  writeFileSync(`${settings}/ip_forward`, on ? '1' : '0');
}

/** Before the rules of other programs, which begin at 32766, and after the one for our own addresses. */
const preference = { marked: 18_176, others: 18_177 };

/**
 * Whatever becomes of the packet filter: what bears no such mark is not passed on. Marks are `first` in their `prefix` leading bits.
 * Rejects without the right, or without the program `ip`.
 */
export async function passOnlyMarked({ first, prefix }: { first: number; prefix: number }): Promise<void> {
  const mask = (0xff_ff_ff_ff << (32 - prefix)) >>> 0;
  const present = await rule('show');
  const { marked, others } = preference;
  if (!present.includes(`${marked}:`))
    await rule(`add pref ${marked} fwmark 0x${first.toString(16)}/0x${mask.toString(16)} lookup main`);
  // The box's own packets count as coming from lo.
  if (!present.includes(`${others}:`)) await rule(`add pref ${others} not iif lo blackhole`);
}

/** Takes back what {@link passOnlyMarked} did; nothing when it didn't. */
export async function passAgain(): Promise<void> {
  const present = await rule('show');
  for (const pref of Object.values(preference))
    if (present.includes(`${pref}:`)) await rule(`del pref ${pref}`);
}

async function rule(words: string): Promise<string> {
  const { stdout } = await promisify(execFile)('ip', ['-4', 'rule', ...words.split(' ')], {
    timeout: 5000,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  });
  return stdout;
}

/** Whether this process may change packet filter and forwarding (CAP_NET_ADMIN, capabilities(7)). */
export function mayAdministerNetwork(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
  return ((BigInt(`0x${effective ?? '0'}`) >> netAdmin) & 1n) === 1n;
}
