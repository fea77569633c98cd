/** What is laid over a body for a phone that goes back to the cloud. */
import { expect, test } from 'vitest';
import { leaveOverlays, vendorOverlays } from '../../../appliance/provisioning/overlay.ts';
import { rewriteBody } from '../../../appliance/provisioning/rewrite.ts';
import { readSettings } from '../../../appliance/provisioning/settings.ts';
import { readVendorFiles } from '../../../appliance/provisioning/vendor-files.ts';
import type { Vendor } from '../../../appliance/phones/vendors.ts';
import { noClock, overlayValues as values } from '../../support/template-values.ts';

const dm = 'usea.dm.sdg.teams.microsoft.com';
const asked = { use: 'later', host: dm, path: '/device/mmiiaacc/canary/lang_en/x.cfg?a=1' } as const;
const vendors = readVendorFiles();

function left(vendor: Vendor, body: string, filled = values): string {
  const found = vendors.get(vendor);
  if (found === undefined) throw new Error(vendor);
  const { format, isProvisioningUrl, danger } = found;
  const hosts = {
    region: 'emea.ipp.sdg.teams.microsoft.com',
    first: new Set<string>(),
    later: new Set([dm]),
  };
  return rewriteBody(body, {
    format,
    isProvisioningUrl,
    danger,
    links: { hosts, box: undefined, from: asked },
    overlays: leaveOverlays(found, filled, { upstream: asked }),
  }).body;
}

test('a body that names no address sends the phone to where it asked, at the cloud itself', () => {
  expect(left('yealink', '#!version:1.0.0.1\nlang.gui = English\n')).toContain(
    `static.auto_provision.server.url = https://${dm}/device/mmiiaacc/canary/lang_en/\n`,
  );
  expect(left('cisco', '<flat-profile>\n</flat-profile>\n')).toContain(
    `<Profile_Rule ua="na">https://${dm}/device/mmiiaacc/canary/lang_en/x.cfg?a=1</Profile_Rule>`,
  );
});

test('what the cloud says of address, outbound proxy and emergency servers goes before ours, also under its older name', () => {
  const body = [
    '#!version:1.0.0.1',
    `auto_provision.server.url = https://${dm}/next/`,
    'static.auto_provision.repeat.enable = 1',
    'static.auto_provision.repeat.minutes = 180',
    'account.1.outbound_proxy_enable = 1',
    'account.1.outbound_proxy.1.address = proxy.example',
    'account.1.outbound_proxy.1.port = 5061',
    'dialplan.emergency.enable = 1',
    'dialplan.emergency.server.3.address = help.example',
    'dialplan.emergency.server.3.port = 5060',
    'dialplan.emergency.server.3.transport_type = 1',
    'dialplan.emergency.1.value = 112',
    'dialplan.emergency.2.value = 110',
    '',
  ].join('\n');
  expect(left('yealink', body, { ...values, ntp_server: '', syslog_server: '', ...noClock })).toBe(body);
});

test("Poly's master file takes no settings", () => {
  const master = '<?xml version="1.0"?>\n<APPLICATION CONFIG_FILES="[PHONE_MAC_ADDRESS]-sdg.cfg"/>\n';
  expect(left('poly', master)).toBe(master);
});

/** Our authority may stay: it is worth nothing outside this box. The transport is the cloud's own too, and LLDP harms nobody. */
const mayStay =
  /trusted_certificates|trust_certificates|ca_cert|device\.set|customCaCert|Custom_CA|certificate|SIP_Transport|outboundProxy\.(?:port|transport)|lldp/i;

test.each([...vendors])('%s: all that the box laid over a configuration is taken away again', (_, vendor) => {
  const keys = (overlays: readonly { text: string }[]) =>
    overlays.flatMap(({ text }) => readSettings(vendor.format, text)).map(({ key }) => key);
  const taken = keys(leaveOverlays(vendor, values, { upstream: asked }));
  const staying = keys(vendorOverlays(vendor, values, { isFull: true })).filter(
    (key) => !taken.includes(key),
  );
  expect(staying.filter((key) => !mayStay.test(key))).toEqual([]);
  expect(taken.some((key) => vendor.isProvisioningUrl(key))).toBe(true);
});
