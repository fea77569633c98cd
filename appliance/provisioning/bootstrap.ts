/**
 * What a phone gets in clear: where it can be made to trust the box nothing but our overlay, which tells it to come again
 * over HTTPS; else what it would get without the box.
 */
import {
  readBootstraps,
  readPhoneConfiguration,
  resetBootstraps,
  savePhoneConfiguration,
} from '../store/phone-configurations.ts';
import type { FirmwareFile } from '../store/firmware-files.ts';
import { emptyAnswer, textAnswer, tryLater, type Answer, type Context } from './context.ts';
import { noteOffer, withFirmware } from './firmware-overlay.ts';
import type { Upstream } from './hosts.ts';
import type { Asker } from './identify.ts';
import { renderFor } from './overlay.ts';
import type { BootstrapValues } from './template-values.ts';
import type { VendorProvisioning } from './vendor-files.ts';

/** After so many overlays without a return over HTTPS the phone does not take our authority. */
const mostBootstraps = 6;

export interface InClear {
  readonly asker: Asker;
  readonly vendor: VendorProvisioning | undefined;
  readonly upstream: Upstream;
  readonly file: string;
  /** Of the box. */
  readonly localAddress: string;
  readonly isBypassed: boolean;
  /** What the phone is offered. */
  readonly firmware: FirmwareFile | undefined;
}

/** A phone that can be made to trust us gets nothing but that in clear; the others go on as they would without us. */
export async function clearAnswer(context: Context, asked: InClear): Promise<Answer | 'pass' | 'refused'> {
  const { asker, vendor, upstream, isBypassed } = asked;
  if (!vendor?.trustsAuthority || isBypassed) {
    const isAllowed = upstream.use === 'first' || context.provisioning.allow_cleartext.includes(asker.vendor);
    return isAllowed ? 'pass' : 'refused';
  }
  if (upstream.use === 'later') return 'refused';
  if (readBootstraps(context.store.db, asker.mac) >= mostBootstraps) return goDirect(context, asker);
  const template = vendor.bootstrapTemplate(asked.file, asker.mac);
  if (template === undefined) return emptyAnswer(404);
  // The overlay would take the place of what a signed-in phone has, and lead to nothing.
  if (!(await context.reach.answers(upstream))) return tryLater('cloud away');
  return bootstrap(context, { ...asked, vendor }, template);
}

function goDirect({ world }: Context, { mac, vendor }: Asker): 'pass' {
  world.log.warn({ mac, vendor }, 'phone does not take our authority, it goes on without us');
  return 'pass';
}

async function bootstrap(
  context: Context,
  {
    asker,
    localAddress,
    vendor,
    upstream,
    firmware: offered,
  }: InClear & { readonly vendor: VendorProvisioning },
  template: string,
): Promise<Answer> {
  const path = upstream.host === context.hosts.region ? upstream.path : `/${upstream.host}${upstream.path}`;
  const plainPath = path.split(/[?#]/)[0] ?? '/';
  const values: BootstrapValues = {
    ...context.overlayValues(asker),
    file_url: `${context.origins().https}${path}`,
    directory_url: `${context.origins().https}${plainPath.slice(0, plainPath.lastIndexOf('/') + 1)}`,
  };
  const onRefused = (name: string, error: unknown) => context.vendors.refuse(asker.vendor, name, error);
  const own = renderFor(vendor, template, { values, onRefused }) ?? '';
  const body = withFirmware(context, vendor, { body: own, file: offered });
  const { mac, ip, model, firmware, userAgent } = asker;
  const before = readPhoneConfiguration(context.store.db, mac);
  const isLast = readBootstraps(context.store.db, mac) + 1 === mostBootstraps;
  await context.store.write((tx) => {
    savePhoneConfiguration(tx.db, {
      ...before,
      mac,
      ip,
      vendor: asker.vendor,
      ...(model === undefined ? {} : { model }),
      ...(firmware === undefined ? {} : { firmware }),
      userAgent,
      stage: 0,
      boxAddress: localAddress,
      at: context.world.clock.now(),
      status: 200,
    });
    if (body !== own) noteOffer(context, tx, { mac, file: offered });
    tx.journal({ kind: 'overlay_given', mac, body: { vendor: asker.vendor, model, ip } });
    if (isLast) tx.journal({ kind: 'authority_not_taken', mac, body: { vendor: asker.vendor, model, ip } });
  });
  context.counters.overlays_given += 1;
  context.world.log.info({ mac, vendor: asker.vendor, ip }, 'overlay given');
  const type = vendor.format === 'yealink' || vendor.format === 'audiocodes' ? 'text/plain' : 'text/xml';
  return { ...textAnswer(type, body), outcome: 'overlay given' };
}

/** It came over HTTPS. */
export async function noteTrust(context: Context, { mac }: Asker): Promise<void> {
  if (readBootstraps(context.store.db, mac) === 0) return;
  await context.store.write((tx) => {
    resetBootstraps(tx.db, mac);
  });
}
