/** The offer of a firmware, laid over what the phone gets anyway: over a vendor's confirmed key, and no other. */
import type { FirmwareFile } from '../store/firmware-files.ts';
import { countFirmwareOffer } from '../store/firmware-offers.ts';
import type { Transaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { filePath } from './firmware-folder.ts';
import { firmwarePath } from './hosts.ts';
import { renderTemplate } from './render.ts';
import { rewriteBody, type Overlay } from './rewrite.ts';
import type { VendorProvisioning } from './vendor-files.ts';

/** For an answer of the cloud. */
export function firmwareOverlays(
  context: Pick<Context, 'origins' | 'overlayValues'>,
  vendor: VendorProvisioning,
  file: FirmwareFile | undefined,
): Overlay[] {
  if (file === undefined || vendor.firmware === undefined || vendor.firmware.isBootstrapOnly) return [];
  return [overlayOf(context, vendor, file)];
}

/** In a bootstrap of our own. */
export function withFirmware(
  context: Pick<Context, 'origins' | 'overlayValues' | 'hosts'>,
  vendor: VendorProvisioning,
  { body, file }: { body: string; file: FirmwareFile | undefined },
): string {
  if (file === undefined || vendor.firmware === undefined) return body;
  return rewriteBody(body, {
    format: vendor.format,
    isProvisioningUrl: () => false,
    danger: () => undefined,
    links: { hosts: context.hosts, box: undefined, from: { use: 'first', host: context.hosts.region } },
    overlays: [overlayOf(context, vendor, file)],
  }).body;
}

/** Written down with the answer that has it. */
export function noteOffer(
  { counters }: Pick<Context, 'counters'>,
  tx: Transaction,
  { mac, file }: { mac: string; file: FirmwareFile | undefined },
): void {
  if (file === undefined) return;
  const { vendor, model, version } = file;
  counters.firmware_offers += 1;
  countFirmwareOffer(tx.db, mac);
  tx.journal({ kind: 'firmware_offered', mac, body: { vendor, model, version } });
}

/** In clear, as the cloud does it: a phone before its first stage trusts nothing of ours, and makers sign their files. */
function overlayOf(
  { origins, overlayValues }: Pick<Context, 'origins' | 'overlayValues'>,
  vendor: VendorProvisioning,
  file: FirmwareFile,
): Overlay {
  const values = { ...overlayValues(), firmware_url: `${origins().http}${firmwarePath}${filePath(file)}` };
  const { template = '', before } = vendor.firmware ?? {};
  return { text: renderTemplate(vendor.format, template, values), before };
}
