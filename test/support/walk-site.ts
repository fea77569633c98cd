/** A site for walks with interruptions: stand-in cloud, a way to it that can be cut, a box that can be switched off. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProvisioning, type Provisioning } from '../../appliance/provisioning/server.ts';
import { newCloudAuthority } from '../cloud/certificates.ts';
import { startProvisioningCloud, type ProvisioningCloud } from '../cloud/provisioning.ts';
import { hurriedClock } from './clock.ts';
import { until } from './command.ts';
import { temporaryDirectory } from './directory.ts';
import { address, quietWorld, siteConfig } from './provisioning-site.ts';
import { startWanSwitch, type WanSwitch } from './wan-switch.ts';

export interface WalkSite extends AsyncDisposable {
  readonly cloud: ProvisioningCloud;
  readonly wan: WanSwitch;
  /** As DHCP would give it to a phone without a suffix. */
  readonly url: string;
  /** PEM of the stand-in cloud's authority. */
  readonly cloudCa: string;
  switchOff(): Promise<void>;
  /** On the ports and with the disk that it had. */
  switchOn(): Promise<void>;
  /** So long that nothing the box has heard is news any more. */
  passTime(): Promise<void>;
  /** Time goes by until the box finds nothing wrong. */
  untilWell(): Promise<unknown>;
}

export async function startWalkSite(): Promise<WalkSite> {
  await using started = new AsyncDisposableStack();
  const directory = temporaryDirectory();
  const authority = await newCloudAuthority();
  const cloud = started.use(
    await startProvisioningCloud({
      address,
      httpPort: 0,
      httpsPort: 0,
      tls: await authority.certificateFor(['usea.dm.sdg.teams.microsoft.com']),
    }),
  );
  const wan = started.use(await startWanSwitch(cloud));
  const caFile = join(directory, 'cloud-ca.pem');
  writeFileSync(caFile, authority.ca);
  const clock = hurriedClock();
  let box: Provisioning | undefined;
  const start = async (ports: { readonly httpPort: number; readonly httpsPort: number }) => {
    box = await startProvisioning(
      { ...quietWorld(), clock },
      siteConfig({ directory, caFile, ...ports }),
      wan,
    );
    return box;
  };
  const { httpPort, httpsPort } = await start({ httpPort: 0, httpsPort: 0 });
  await until('the first probe to have ended', () => wan.isQuiet() || undefined, {
    timeoutMs: 10_000,
    everyMs: 5,
  });
  const isWell = async () => {
    await clock.advance(6000);
    return box?.health().state === 'ok' || undefined;
  };
  const switchOff = async () => {
    await box?.[Symbol.asyncDispose]();
    box = undefined;
  };
  started.defer(switchOff);
  const stack = started.move();
  return {
    cloud,
    wan,
    url: `http://${address}:${httpPort}`,
    cloudCa: authority.ca,
    switchOff,
    switchOn: async () => void (await start({ httpPort, httpsPort })),
    passTime: () => clock.advance(6000),
    untilWell: () => until('the box to be well', isWell, { timeoutMs: 10_000, everyMs: 20 }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
