/** Debian packages that the lab needs: installed when missing, without starting anything on this machine. */
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { run, words } from './command.ts';
import { networkdProgram } from './networkd.ts';

/** Program to package. */
type Programs = Readonly<Record<string, string>>;

/** What the pretend office is made of. What every Debian has (ip, setpriv) stands here too: a container may lack it. */
export const officePrograms: Programs = {
  ip: 'iproute2',
  sysctl: 'procps',
  setpriv: 'util-linux',
  nft: 'nftables',
  conntrack: 'conntrack',
  tcpdump: 'tcpdump',
  lldpd: 'lldpd',
  snmpd: 'snmpd',
  dnsmasq: 'dnsmasq-base',
  dhclient: 'isc-dhcp-client',
  udhcpc: 'udhcpc',
  dhcpcd: 'dhcpcd-base',
  kamailio: 'kamailio',
  [`/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/kamailio/modules/tls.so`]:
    'kamailio-tls-modules',
  baresip: 'baresip-core',
};

/** What the tests use besides. */
export const testPrograms: Programs = {
  ...officePrograms,
  [networkdProgram]: 'systemd',
  chromium: 'chromium',
  curl: 'curl',
  dhcpd: 'isc-dhcp-server',
  dhcrelay: 'isc-dhcp-relay',
  'kea-dhcp4': 'kea-dhcp4-server',
  nginx: 'nginx-light',
  openssl: 'openssl',
  ping: 'iputils-ping',
  perfdhcp: 'kea-admin',
  sipp: 'sip-tester',
  linphonec: 'linphone-cli',
  strace: 'strace',
  tshark: 'tshark',
};

/** What the image is booted with, and the devices around it. */
export const imagePrograms: Programs = {
  ip: 'iproute2',
  sysctl: 'procps',
  setpriv: 'util-linux',
  'qemu-img': 'qemu-utils',
  dnsmasq: 'dnsmasq-base',
  udhcpc: 'udhcpc',
  curl: 'curl',
  swtpm: 'swtpm',
};

/** Peers that only the benchmarks know. */
export const benchPrograms: Programs = { ...testPrograms, rtpengine: 'rtpengine-daemon' };

const directories = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

export function missingPackages(programs: Programs = officePrograms): string[] {
  return [...new Set(Object.entries(programs).flatMap(([name, pkg]) => (isThere(name) ? [] : [pkg])))];
}

function isThere(name: string): boolean {
  if (name.startsWith('/')) return existsSync(name);
  return directories.some((directory) => existsSync(`${directory}/${name}`));
}

/** The one line that a person without root gives to somebody who has it. */
export function installLine(packages: readonly string[]): string {
  return `apt-get install --no-install-recommends ${packages.join(' ')}`;
}

/**
 * Installs what is missing. Throws, naming the line to run, when that can't be done here.
 * No service starts now (policy-rc.d says no) and none will start at the next boot (the units that came along are disabled).
 */
export async function installPackages(
  say: (line: string) => void,
  programs: Programs = officePrograms,
): Promise<void> {
  restorePolicy();
  const missing = missingPackages(programs);
  if (missing.length === 0) return;
  const line = installLine(missing);
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(`programs are missing that Debian 12 has; as root: ${line}`);
  }
  say(`installing ${missing.join(' ')}`);
  const before = await installedPackages();
  denyServices();
  try {
    await aptGet(words('update -qq'), 60_000).catch((cause: unknown) =>
      say(`apt-get update: ${String(cause)}`),
    );
    await aptGet([...words('install -qq -y --no-install-recommends'), ...missing], 180_000);
  } catch (cause) {
    throw new Error(`installing failed; as root: ${line}`, { cause });
  } finally {
    restorePolicy();
  }
  const added = [...(await installedPackages())].filter((name) => !before.has(name));
  await disableUnits(added);
}

async function aptGet(command: readonly string[], timeoutMs: number): Promise<void> {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run(['apt-get', ...words('-o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120'), ...command], {
    timeoutMs,
    environment,
    // Without our policy-rc.d, which goes with us, it would start services.
    hearsCtrlC: true,
  });
}

const policy = '/usr/sbin/policy-rc.d';
const saved = `${policy}.before-gatehouse`;

/** invoke-rc.d and deb-systemd-invoke ask this script; 101 means "action forbidden by policy". */
function denyServices(): void {
  if (existsSync(policy)) renameSync(policy, saved);
  writeFileSync(
    policy,
    '#!/bin/sh\n# Put here by the pretend office of Gatehouse while it installs packages.\nexit 101\n',
  );
  chmodSync(policy, 0o755);
  process.once('exit', restorePolicy);
}

/** Puts back what was there; also after a run that was killed while installing. */
function restorePolicy(): void {
  const isOurs = existsSync(policy) && readFileSync(policy, 'utf8').includes('pretend office of Gatehouse');
  if (isOurs) rmSync(policy);
  if (existsSync(saved)) renameSync(saved, policy);
}

async function installedPackages(): Promise<Set<string>> {
  const text = await run(['dpkg-query', '-W', '-f', '${Package} ${db:Status-Abbrev}\n']);
  return new Set(
    text.split('\n').flatMap((line) => (line.includes(' ii') ? [line.split(' ')[0] ?? ''] : [])),
  );
}

async function disableUnits(packages: readonly string[]): Promise<void> {
  if (packages.length === 0 || !existsSync('/usr/bin/systemctl')) return;
  const files = (await run(['dpkg', '-L', ...packages])).split('\n');
  const units = files.flatMap(
    (file) => /\/systemd\/system\/([^/@]+\.(?:service|socket|timer))$/.exec(file)?.[1] ?? [],
  );
  if (units.length > 0)
    await run(['systemctl', 'disable', ...units], { anyExitCode: true, timeoutMs: 60_000 });
}
