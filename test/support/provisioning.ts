/** The provisioning part between a stand-in cloud and phones, all on loopback, each on free ports. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../appliance/config.ts';
import type { UpstreamNetwork } from '../../appliance/provisioning/cloud.ts';
import { startProvisioning, type Provisioning } from '../../appliance/provisioning/server.ts';
import { openReader, type JournalRow } from '../../appliance/store/reader.ts';
import { systemClock, type Clock } from '../../appliance/world.ts';
import { newCloudAuthority } from '../cloud/certificates.ts';
import { startProvisioningCloud, type ProvisioningCloud } from '../cloud/provisioning.ts';
import { temporaryDirectory } from './directory.ts';
import { address, loopbackLookup, quietWorld, siteConfig } from './provisioning-site.ts';

export { address } from './provisioning-site.ts';

export interface ProvisioningSite extends AsyncDisposable {
  readonly cloud: ProvisioningCloud;
  readonly part: Provisioning;
  readonly config: Config;
  readonly directory: string;
  /** As DHCP would give it to a phone without a suffix. */
  readonly url: string;
  /** PEM of the stand-in cloud's authority. */
  readonly cloudCa: string;
  /** Everything logged so far. */
  readonly log: () => string;
  readonly journal: () => JournalRow[];
}

export interface SiteOptions {
  /** More lines of gatehouse.toml, after the tables' own. */
  readonly toml?: string;
  /** In place of the stand-in cloud's ports. */
  readonly network?: UpstreamNetwork;
  readonly directory?: string;
  /** The box's own; free ones otherwise. */
  readonly ports?: { readonly httpPort: number; readonly httpsPort: number };
  readonly posture?: 'provision' | 'full';
  readonly upstreamTimeoutSeconds?: number;
  readonly clock?: Clock;
  readonly boxAddress?: string;
  readonly formerAddresses?: readonly string[];
  /** How long a request's head may take. */
  readonly headMs?: number;
  /** PEM that the box trusts besides the stand-in cloud's. */
  readonly extraCa?: string;
}

const names = ['noam', 'usea', 'uswe', 'ause'].map((name) => `${name}.dm.sdg.teams.microsoft.com`);

export async function startSite({
  toml = '',
  network,
  directory = temporaryDirectory(),
  extraCa = '',
  posture = 'full',
  upstreamTimeoutSeconds = 20,
  ports,
  headMs,
  clock = systemClock,
  boxAddress = address,
  formerAddresses = [],
}: SiteOptions = {}): Promise<ProvisioningSite> {
  const authority = await newCloudAuthority();
  const cloud = await startProvisioningCloud({
    address,
    httpPort: 0,
    httpsPort: 0,
    tls: await authority.certificateFor(names),
  });
  const caFile = join(directory, 'cloud-ca.pem');
  writeFileSync(caFile, `${authority.ca}\n${extraCa}`);
  const config = siteConfig({
    directory,
    caFile,
    toml,
    posture,
    boxAddress,
    formerAddresses,
    upstreamTimeoutSeconds,
    ...ports,
  });
  const lines: string[] = [];
  const part = await startProvisioning({ ...quietWorld(lines), clock }, config, {
    lookup: loopbackLookup,
    httpPort: cloud.httpPort,
    httpsPort: cloud.httpsPort,
    ...(headMs === undefined ? {} : { headMs }),
    // Any free one, where the settings ask for it.
    syslogPort: 0,
    ...network,
  });
  return {
    cloud,
    part,
    config,
    directory,
    url: `http://${boxAddress}:${part.httpPort}`,
    cloudCa: authority.ca,
    log: () => lines.join(''),
    journal: () => readJournal(directory),
    [Symbol.asyncDispose]: async () => {
      await part[Symbol.asyncDispose]();
      await cloud[Symbol.asyncDispose]();
    },
  };
}

export function readJournal(directory: string): JournalRow[] {
  using reader = openReader(directory, 'provisioning');
  return (reader?.journalAfter(0, 10_000) ?? []).filter((row): row is JournalRow => row.kind !== 'gap');
}
