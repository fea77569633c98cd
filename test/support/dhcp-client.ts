/** Real DHCP clients as phones: what they ask, and what they were told in their own rendering. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until, words, type Running } from './command.ts';
import { cover, type Namespace } from './namespaces.ts';
import { networkdProgram, prepareNetworkd, readNetworkdLease } from './networkd.ts';

export type DhcpClientName = 'dhclient' | 'udhcpc' | 'dhcpcd' | 'networkd';

export interface DhcpClientOptions {
  readonly client: DhcpClientName;
  readonly card: string;
  /** Its own directory: configuration, lease file, log, and what it was told. */
  readonly directory: string;
  /** Option 60 as bytes; left out: none, or the client's own. */
  readonly vendorClass?: Uint8Array;
  /** It asks by ARP whether the address is free before it takes it, and declines it if not. */
  readonly checksAddress?: boolean;
}

/** What a client was told, as its hook script got it. */
export interface ClientLease {
  readonly ip: string;
  /** Option 2, seconds east of UTC. */
  readonly timeOffset?: number;
  /** Option 42. */
  readonly ntpServers: readonly string[];
  /** Option 66 and 160 as text. */
  readonly tftpServerName?: string;
  readonly provisioningUrl?: string;
}

/** Every DHCP client of the lab asks these besides mask, router and name servers. */
const asked = [2, 42, 66, 160] as const;

export function startDhcpClient(namespace: Namespace, options: DhcpClientOptions): Running {
  const { directory, client } = options;
  mkdirSync(directory, { recursive: true });
  const script = join(directory, 'script');
  writeFileSync(script, hookScript(options));
  chmodSync(script, 0o755);
  return namespace.start(commandLines[client](options, script), {
    logFile: join(directory, `${client}.log`),
    prepare: preparations[client]?.(options) ?? [],
  });
}

const preparations: Partial<Record<DhcpClientName, (options: DhcpClientOptions) => string[]>> = {
  dhcpcd: ({ directory }) => [cover('/run'), keepLeases(directory)],
  networkd: ({ checksAddress = false, ...place }) => prepareNetworkd({ ...place, checksAddress }),
};

/**
 * Makes it give its lease back, as each of them is told to. It says so once (RFC 2131, 4.4.6), by unicast, and takes its
 * address away at once: what still waits for the answer to an ARP request is thrown away by the kernel then.
 */
export async function releaseLease(
  namespace: Namespace,
  { client, card, directory, server }: DhcpClientOptions & { readonly server: string },
  running: Running,
): Promise<void> {
  const ip = () => readClientLease(directory)?.ip ?? '';
  await reaches(namespace, ip, server);
  if (client === 'dhclient') {
    await namespace.exec(['dhclient', '-4', '-r', ...dhclientFiles(directory), card]);
    return;
  }
  // The second is what `dhcpcd -k` sends. It goes to the client alone: dhcpcd's helpers, which send for it, would end by it.
  process.kill(running.pid, ({ udhcpc: 'SIGUSR2', dhcpcd: 'SIGALRM', networkd: 'SIGTERM' } as const)[client]);
}

/**
 * Waits until the client can speak from its address, and knows where the server is. networkd writes a lease down up to
 * seven seconds before it has the address on its card, while it asks whether somebody else has it (RFC 5227, 2.1).
 */
export async function reaches(namespace: Namespace, ip: () => string, server: string): Promise<void> {
  const isKnown = async () => {
    // It makes the kernel ask by ARP. The answer may go to another, who had the address shortly before.
    await namespace.exec(['ping', '-q', '-c', '1', '-W', '1', '-I', ip(), server], { anyExitCode: true });
    const addresses = await namespace.exec(words('ip -4 addr show'));
    const neighbours = await namespace.exec(['ip', 'neigh', 'show', server]);
    return addresses.includes(` ${ip()}/`) && neighbours.includes('lladdr');
  };
  await until(`a way from ${namespace.name} to ${server}`, isKnown, { timeoutMs: 20_000 });
}

/** A dhcpcd that is started again in its directory knows its lease, and none of another's. */
const keepLeases = (directory: string) =>
  `mkdir -p ${directory}/kept /var/lib/dhcpcd && mount --bind ${directory}/kept /var/lib/dhcpcd`;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const commandLines: Record<DhcpClientName, (options: DhcpClientOptions, script: string) => string[]> = {
  dhclient: ({ directory, card, vendorClass }) => {
    const conf = join(directory, 'dhclient.conf');
    const colons = vendorClass && hex(vendorClass).replace(/(..)(?=.)/g, '$1:');
    writeFileSync(
      conf,
      [
        'option provisioning-url code 160 = text;',
        ...(colons ? [`send vendor-class-identifier ${colons};`] : []),
        'request subnet-mask, broadcast-address, routers, domain-name-servers, time-offset, ntp-servers, tftp-server-name, provisioning-url;',
        'initial-interval 1; backoff-cutoff 2; retry 2; timeout 20; initial-delay 0;',
        '',
      ].join('\n'),
    );
    return ['dhclient', '-d', '-4', ...dhclientFiles(directory), card];
  },
  udhcpc: ({ card, vendorClass, checksAddress }, script) => [
    ...words('udhcpc -f -i'),
    card,
    '-s',
    script,
    ...(checksAddress === true ? ['-a'] : []),
    ...words('-t 5 -T 1 -A 2'),
    ...(vendorClass ? ['-V', '', '-x', `0x3c:${hex(vendorClass)}`] : []),
    ...asked.flatMap((code) => ['-O', String(code)]),
  ],
  dhcpcd: ({ directory, card, vendorClass, checksAddress }, script) => {
    const conf = join(directory, 'dhcpcd.conf');
    // Escapes let a class end in NUL, as some phones' classes do.
    const text =
      vendorClass && [...vendorClass].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
    writeFileSync(
      conf,
      [
        ...words('ipv4only noipv4ll nodelay'),
        ...(checksAddress === true ? [] : ['noarp']),
        'timeout 0',
        'reboot 2',
        'define 160 string provisioning_url',
        'option subnet_mask, routers, domain_name_servers, time_offset, ntp_servers, tftp_server_name, provisioning_url',
        ...(text ? [`vendorclassid "${text}"`] : []),
        '',
      ].join('\n'),
    );
    return ['dhcpcd', '-B', '-f', conf, '-c', script, card];
  },
  networkd: () => [networkdProgram],
};

const dhclientFiles = (directory: string) =>
  Object.entries({ '-cf': 'dhclient.conf', '-lf': 'leases', '-pf': 'pid', '-sf': 'script' }).flatMap(
    ([flag, name]) => [flag, join(directory, name)],
  );

/**
 * One script for all who run one: gives the card its address and keeps what the client said, never touching the host's
 * files. dhclient leaves it to its script to find out whether somebody has the address, and declines it when the script fails.
 */
function hookScript({ directory, card, client, checksAddress }: DhcpClientOptions): string {
  const asksFirst = client === 'dhclient' && checksAddress === true;
  return `#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
case "\${reason:-$1}" in
  PREINIT|deconfig) ip link set ${card} up; [ -z "$reason" ] && ip addr flush dev ${card}; exit 0 ;;
  BOUND|RENEW|REBIND|REBOOT|bound|renew) ;;
  EXPIRE|FAIL|RELEASE|STOP) ip addr flush dev ${card}; rm -f ${directory}/told; exit 0 ;;
  *) exit 0 ;;
esac
${asksFirst ? `busybox arping -D -q -c 1 -w 1 -I ${card} "$new_ip_address" || exit 1` : ''}
ip addr replace "\${ip:-$new_ip_address}/\${mask:-24}" dev ${card}
gateway="\${router:-$new_routers}"
[ -n "$gateway" ] && ip route replace default via "\${gateway%% *}"
env > ${directory}/told.new && mv ${directory}/told.new ${directory}/told
exit 0
`;
}

/** What the client in this directory was told last; undefined while it has no lease. */
export function readClientLease(directory: string): ClientLease | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, 'told'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return readNetworkdLease(directory);
    throw error;
  }
  const told = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const ip = told.get('ip') ?? told.get('new_ip_address');
  if (ip === undefined) return undefined;
  const offset = told.get('timezone') ?? told.get('new_time_offset');
  const url = told.has('opt160')
    ? Buffer.from(told.get('opt160') ?? '', 'hex').toString()
    : told.get('new_provisioning_url');
  const name = told.get('tftp') ?? told.get('new_tftp_server_name');
  return {
    ip,
    // udhcpc and dhcpcd print the signed value as unsigned.
    ...(offset === undefined ? {} : { timeOffset: Number(offset) | 0 }),
    ntpServers: (told.get('ntpsrv') ?? told.get('new_ntp_servers') ?? '').split(' ').filter(Boolean),
    ...(name === undefined ? {} : { tftpServerName: name }),
    ...(url === undefined ? {} : { provisioningUrl: url }),
  };
}
