/** The stand-in cloud in its namespace: provisioning and journals in one process, Kamailio, and the one who is called. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { CloudAccount } from '../cloud/provisioning.ts';
import { startBaresip, type Baresip } from '../support/baresip.ts';
import { until } from '../support/command.ts';
import { startKamailio, type Kamailio } from '../support/kamailio.ts';
import { countRtp, type RtpCount } from '../support/rtp-counter.ts';
import { calleeNumber, openCloudGround, startServices, type CloudServices } from './cloud-services.ts';
import { hosts, plan, type Network } from './network.ts';

export interface OfficeCloud extends CloudServices {
  readonly caFile: string;
  /** Bearer token of this site at the journal service. */
  readonly token: string;
  readonly kamailio: Kamailio;
  /** The person at the other end of every call: registered, answers by itself, can dial. */
  readonly callee: Baresip;
  readonly calleeNumber: string;
  readonly calleeRtp: () => Promise<RtpCount>;
}

export async function startCloud(network: Network): Promise<OfficeCloud> {
  await using started = new AsyncDisposableStack();
  const ground = await openCloudGround(network);
  const { authority, caFile, directory, token } = ground;
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
  const services = started.use(await startServices(network, ground, (account) => learn(kamailio, account)));
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
    ...services,
    caFile,
    token,
    kamailio,
    callee,
    calleeNumber,
    calleeRtp,
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
