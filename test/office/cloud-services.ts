/** The stand-in cloud's own services, one process in its namespace: provisioning, journals, and the tenant's. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newCloudAuthority } from '../cloud/certificates.ts';
import type { JournalFailure } from '../cloud/journal.ts';
import type { CloudEvent, CloudOrder, CloudReport, CloudSettings } from '../cloud/main.ts';
import type { CloudAccount } from '../cloud/provisioning.ts';
import { until, type Running } from '../support/command.ts';
import { hosts, journalHost, plan, siteName, tenantHosts, type Network } from './network.ts';

export interface CloudServices extends AsyncDisposable {
  /** Somebody signs in at this phone. */
  readonly signIn: (mac: string, user: string) => void;
  /** From here on answers with a new account, minted at once, leave only when the returned function is called. */
  readonly hold: () => () => void;
  /** The journal service's next requests fail like this. */
  readonly failJournal: (...failures: JournalFailure[]) => void;
  readonly report: () => Promise<CloudReport>;
}

export interface CloudGround {
  readonly directory: string;
  readonly authority: Awaited<ReturnType<typeof newCloudAuthority>>;
  /** The box reads this file as its own user. */
  readonly caFile: string;
  /** Bearer token of this site at the journal service. */
  readonly token: string;
}

/** As an administrator would have registered the box in the tenant. */
export const tenant = {
  id: '6f0d7a3c-2f4e-4c1b-9a57-0d5e5f7a1b2c',
  application: { clientId: 'gatehouse', secret: randomBytes(18).toString('base64url') },
};

export const calleeNumber = '+4930555000';

export async function openCloudGround({ lab }: Network): Promise<CloudGround> {
  const directory = join(lab.directory, 'cloud');
  mkdirSync(directory, { mode: 0o700 });
  const authority = await newCloudAuthority();
  const caFile = join(lab.directory, 'cloud-ca.pem');
  writeFileSync(caFile, authority.ca);
  return { directory, authority, caFile, token: randomBytes(24).toString('base64url') };
}

/** `onAccount` hears of each account as it is minted: a registrar learns it this way. */
export async function startServices(
  network: Network,
  ground: CloudGround,
  onAccount: (account: CloudAccount) => Promise<void> = async () => {},
): Promise<CloudServices> {
  const file = join(ground.directory, 'settings.json');
  writeFileSync(file, JSON.stringify(await cloudSettings(ground)), { mode: 0o600 });
  const reports = new Map<string, CloudReport>();
  let isReady = false;
  const program = join(import.meta.dirname, '../cloud/main.ts');
  const running: Running = network.cloud.start([process.execPath, program, file], {
    onLine: (line) => {
      const event = JSON.parse(line) as CloudEvent;
      if (event.event === 'ready') isReady = true;
      else if (event.event === 'report') reports.set(event.token, event);
      else void onAccount(event.account);
    },
  });
  const wait = { timeoutMs: 15_000, everyMs: 20, lastSeen: running.lastWords, hopeless: running.hasExited };
  await until('the stand-in cloud to start', () => isReady || undefined, wait);
  const say = (order: CloudOrder) => running.write(`${JSON.stringify(order)}\n`);
  return {
    signIn: (mac, user) => say({ order: 'sign-in', mac, user }),
    hold: () => {
      say({ order: 'hold' });
      return () => say({ order: 'release' });
    },
    failJournal: (...failures) => say({ order: 'fail-journal', failures }),
    report: async () => {
      const token = randomBytes(8).toString('hex');
      say({ order: 'report', token });
      const report = await until('the stand-in cloud to report', () => reports.get(token), wait);
      reports.delete(token);
      return report;
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

async function cloudSettings({ authority, directory, token }: CloudGround): Promise<CloudSettings> {
  return {
    provisioning: {
      address: plan.provisioning,
      tls: await authority.certificateFor(hosts.laterStages),
      region: 'emea',
      tenantDomain: 'contoso.example',
    },
    journal: {
      address: plan.journal,
      tls: await authority.certificateFor([journalHost]),
      file: join(directory, 'journal.db'),
      tokens: { [siteName]: token },
    },
    tenant: {
      tls: await authority.certificateFor(Object.values(tenantHosts)),
      tenantId: tenant.id,
      application: tenant.application,
      identity: { address: plan.identity, host: tenantHosts.identity },
      graphAddress: plan.graph,
      teamsAddress: plan.teams,
      numbers: [calleeNumber],
    },
  };
}
