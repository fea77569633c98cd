/** `gatehouse status`: how the parts are, from what they last reported. Works while the box does not run. */
import packageJson from '../../package.json' with { type: 'json' };
import { readConfig, type Config } from '../config.ts';
import { servedNetworks, watchedCards } from '../config/networks.ts';
import { wantedParts } from '../config/parts.ts';
import type { CommandCall } from '../main.ts';
import { ackLatency, type AckLatency } from '../store/ack-latency.ts';
import { readDataPartition, type DataPartition } from '../store/data-partition.ts';
import { readDhcpNetwork, type DhcpNetwork } from '../store/dhcp-network.ts';
import { countStages } from '../store/phone-stage.ts';
import { readFacts, readPhones } from '../store/phones.ts';
import { readPoolUse, type PoolUse } from '../store/pool-use.ts';
import { readRefusals, type Refusal } from '../store/refusals.ts';
import { readParts, troublesOf, type PartStatus, type Trouble } from '../store/site-status.ts';
import { readSipView, type SipView } from '../store/sip-view.ts';
import { requireReadable } from './state-directory.ts';
import { formatDhcpNetwork, formatLatency, formatPoolUse, formatRefusals } from './status-dhcp.ts';
import { formatSip } from './status-sip.ts';
import { elapsed, formatTable, plainText } from './table.ts';

const refusalsRead = 50;
/** In the terminal; `leases` shows more. */
const refusalsShown = 5;

interface SiteStatus {
  readonly release: string;
  readonly site: Pick<Config['site'], 'name' | 'region' | 'posture' | 'address'>;
  readonly parts: readonly PartStatus[];
  readonly phones: Readonly<Record<string, number>>;
  readonly dhcp: DhcpNetwork;
  /** By network that DHCP gives addresses of. */
  readonly addresses: readonly PoolUse[];
  /** Of DHCP; absent before its first ACK. */
  readonly latency?: AckLatency;
  /** Of DHCP, the newest first. */
  readonly refusals: readonly Refusal[];
  readonly sip: SipView;
  readonly disk: Pick<DataPartition, 'state' | 'protection'>;
  readonly troubles: readonly Trouble[];
}

export async function statusCommand({ configFile, json, out }: CommandCall): Promise<number> {
  const config = readConfig(configFile);
  requireReadable(config.site.state_directory);
  const now = Date.now();
  const status = readStatus(config, now);
  if (json) out(JSON.stringify(status));
  else for (const line of formatStatus(status, { now, mode: config.dhcp.mode })) out(line);
  return status.troubles.some((trouble) => trouble.severity === 'problem') ? 1 : 0;
}

function readStatus(config: Config, now: number): SiteStatus {
  const { state_directory: directory, name, region, posture, address } = config.site;
  const parts = readParts(directory, wantedParts(config), now);
  const phones = readPhones(directory, now, config.site);
  const latency = ackLatency(parts);
  const data = readDataPartition(directory);
  return {
    release: packageJson.version,
    site: { name, region, posture, address },
    parts,
    phones: countStages(phones),
    dhcp: readDhcpNetwork(directory, watchedCards(config)),
    addresses: readFacts(directory, 'dhcp', (db) =>
      servedNetworks(config).map((network) => readPoolUse(db, network, now)),
    ),
    ...(latency && { latency }),
    refusals: readFacts(directory, 'dhcp', (db) => readRefusals(db, refusalsRead)),
    sip: readSipView(directory, now),
    disk: data,
    troubles: troublesOf({
      parts,
      phones,
      allowCleartext: config.provisioning.allow_cleartext,
      data,
    }),
  };
}

interface When {
  readonly now: number;
  readonly mode: Config['dhcp']['mode'];
}

export function formatStatus(status: SiteStatus, { now, mode }: When): string[] {
  const { release, site, parts, phones, troubles } = status;
  const total = Object.values(phones).reduce((sum, count) => sum + count, 0);
  const stages = Object.entries(phones).filter(([, count]) => count > 0);
  return [
    plainText(`Gatehouse ${release}, site "${site.name}", region ${site.region}, posture ${site.posture}`),
    '',
    ...formatTable([['PART', 'STATE', 'FOR', 'COUNTERS'], ...parts.map((part) => partRow(part, now))]),
    '',
    `Phones: ${total === 0 ? 'none seen yet' : `${total} (${stages.map(([stage, count]) => `${count} ${stage}`).join(', ')})`}`,
    ...status.addresses.map(formatPoolUse),
    ...(status.latency ? [formatLatency(status.latency)] : []),
    ...formatDhcpNetwork(status.dhcp, mode, now),
    ...formatRefusals(status.refusals.slice(0, refusalsShown), now),
    ...formatSip(status.sip, now),
    ...(status.disk.protection === undefined ? [] : [`Data disk: ${status.disk.protection}`]),
    '',
    ...(troubles.length === 0 ? ['Nothing is wrong.'] : troubles.map(troubleLine)),
  ];
}

function partRow(part: PartStatus, now: number): string[] {
  const counters = Object.entries(part.counters).flatMap(([name, value]) =>
    value === 0 ? [] : [`${name} ${value}`],
  );
  const since = part.isRunning ? elapsed(now - (part.startedAt ?? now)) : '';
  return [part.name, partState(part), since, counters.join(', ') || '-'];
}

function partState({ isWanted, isRunning, health }: PartStatus): string {
  if (!isRunning) return isWanted ? 'not running' : 'off';
  return health?.state ?? 'ok';
}

function troubleLine({ severity, text }: Trouble): string {
  return plainText(`${severity === 'problem' ? 'Problem' : 'Notice'}: ${text}`);
}
