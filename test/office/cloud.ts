/** The stand-in cloud in its namespace: provisioning and journals in one process, Kamailio, and the one who is called. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newCloudAuthority } from '../cloud/certificates.ts';
import type { CloudEvent, CloudOrder, CloudReport, CloudSettings } from '../cloud/main.ts';
import type { JournalFailure } from '../cloud/journal.ts';
import type { CloudAccount } from '../cloud/provisioning.ts';
import { startBaresip, type Baresip } from '../support/baresip.ts';
import { until, type Running } from '../support/command.ts';
import { startKamailio, type Kamailio } from '../support/kamailio.ts';
import { countRtp, type RtpCount } from '../support/rtp-counter.ts';
import { hosts, journalHost, plan, siteName, tenantHosts, type Network } from './network.ts';

export interface OfficeCloud extends AsyncDisposable {
  readonly caFile: string;
  /** Bearer token of this site at the journal service. */
  readonly token: string;
  readonly kamailio: Kamailio;
  /** The person at the other end of every call: registered, answers by itself, can dial. */
  readonly callee: Baresip;
  readonly calleeNumber: string;
  readonly calleeRtp: () => Promise<RtpCount>;
  /** Somebody signs in at this phone. */
  readonly signIn: (mac: string, user: string) => void;
  /** The journal service's next requests fail like this. */
  readonly failJournal: (...failures: JournalFailure[]) => void;
  readonly report: () => Promise<CloudReport>;
}

/** As an administrator would have registered the box in the tenant. */
export const tenant = {
  id: '6f0d7a3c-2f4e-4c1b-9a57-0d5e5f7a1b2c',
  application: { clientId: 'gatehouse', secret: randomBytes(18).toString('base64url') },
};

const calleeNumber = '+4930555000';

export async function startCloud(network: Network): Promise<OfficeCloud> {
  await using started = new AsyncDisposableStack();
  const directory = join(network.lab.directory, 'cloud');
  mkdirSync(directory, { mode: 0o700 });
  const authority = await newCloudAuthority();
  // The box reads this file as its own user.
  const caFile = join(network.lab.directory, 'cloud-ca.pem');
  writeFileSync(caFile, authority.ca);
  const token = randomBytes(24).toString('base64url');
  const registrars = [hosts.main, hosts.onboarding] as const;
  const password = randomBytes(12).toString('hex');
  const kamailio = started.use(
    await startKamailio({
      start: network.cloud.start,
      directory: join(directory, 'kamailio'),
      address: plan.sip,
      domain: hosts.main,
      moreDomains: [hosts.onboarding],
      certificate: await authority.certificateFor(registrars),
      accounts: [{ user: calleeNumber, password }],
    }),
  );
  const settings: CloudSettings = {
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
  const services = started.use(await startServices(network, settings, (account) => learn(kamailio, account)));
  const callee = started.use(
    await startBaresip({
      start: network.callee.start,
      directory: join(directory, 'callee'),
      user: calleeNumber,
      password,
      domain: hosts.main,
      transport: 'tls',
      caFile,
      lifeSeconds: 86_400,
    }),
  );
  await untilRegistered(callee, 10_000);
  const calleeRtp = await countRtp(network.callee);
  const stack = started.move();
  return {
    caFile,
    token,
    kamailio,
    callee,
    calleeNumber,
    calleeRtp,
    signIn: services.signIn,
    failJournal: services.failJournal,
    report: services.report,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Asks instead of waiting for the event, which may have come before we listened. */
export async function untilRegistered(phone: Baresip, timeoutMs: number): Promise<void> {
  let last = '';
  const isRegistered = async () => {
    last = await phone.command('reginfo');
    return last.includes('OK ') || undefined;
  };
  const lastSeen = () => `${last}\n${phone.process.lastWords()}`;
  await until('a registration', isRegistered, { timeoutMs, lastSeen, hopeless: phone.process.hasExited });
}

/** A phone's digest user name carries the account's own domain. */
async function learn(kamailio: Kamailio, { user, domain, password }: CloudAccount): Promise<void> {
  await kamailio.setAccount({ user: `${user}@${domain}`, password });
}

interface Services extends AsyncDisposable {
  readonly signIn: (mac: string, user: string) => void;
  /** The journal service's next requests fail like this. */
  readonly failJournal: (...failures: JournalFailure[]) => void;
  readonly report: () => Promise<CloudReport>;
}

async function startServices(
  network: Network,
  settings: CloudSettings,
  onAccount: (account: CloudAccount) => Promise<void>,
): Promise<Services> {
  const directory = join(network.lab.directory, 'cloud');
  const file = join(directory, 'settings.json');
  writeFileSync(file, JSON.stringify(settings), { mode: 0o600 });
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
