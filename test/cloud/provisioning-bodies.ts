/**
 * Configuration bodies as the stand-in cloud gives them, one format a vendor, with the vendors' real keys. Written for
 * the stand-in alone: shares nothing with what the box reads them by.
 */

export type CloudVendor = 'yealink' | 'poly' | 'cisco' | 'snom' | 'audiocodes' | 'ale';

export interface CloudAccount {
  readonly mac: string;
  readonly user: string;
  readonly domain: string;
  readonly password: string;
  readonly registrar: string;
  readonly kind: 'onboarding' | 'final';
}

export interface CloudBody {
  readonly type: string;
  readonly text: string;
}

/** Without an account: the first stage, which only moves the phone to the next URL. */
export function cloudBody(vendor: CloudVendor, url: string, account?: CloudAccount): CloudBody {
  const bodies: Record<CloudVendor, () => CloudBody> = {
    yealink: () => ({ type: 'text/plain', text: yealink(url, account) }),
    poly: () => ({ type: 'application/xml', text: poly(url, account) }),
    cisco: () => ({ type: 'text/xml', text: cisco(url, account) }),
    snom: () => ({ type: 'text/xml', text: snom(url, account) }),
    audiocodes: () => ({ type: 'text/plain', text: audiocodes(url, account) }),
    ale: () => ({ type: 'text/xml', text: ale(url, account) }),
  };
  return bodies[vendor]();
}

/** Poly's master file: names the phone's own file, below the same URL. */
export const polyMaster: CloudBody = {
  type: 'application/xml',
  text: `<?xml version="1.0" standalone="yes"?>
<!-- Default Master SIP Configuration File-->
<APPLICATION APP_FILE_PATH="" CONFIG_FILES="[PHONE_MAC_ADDRESS]-sdg.cfg" MISC_FILES="" LOG_FILE_DIRECTORY="" OVERRIDES_DIRECTORY="" CONTACTS_DIRECTORY="" LICENSE_DIRECTORY=""/>
`,
};

function yealink(url: string, account?: CloudAccount): string {
  const lines = [
    '#!version:1.0.0.1',
    '## Microsoft Teams SIP Gateway',
    `static.auto_provision.server.url = ${url}`,
    'static.auto_provision.repeat.enable = 1',
    'static.auto_provision.repeat.minutes = 3',
    'lang.gui = English',
  ];
  if (account) {
    lines.push(
      'account.1.enable = 1',
      `account.1.label = ${account.kind === 'final' ? account.user : 'Sign in'}`,
      `account.1.display_name = ${account.user}`,
      `account.1.auth_name = ${account.user}@${account.domain}`,
      `account.1.user_name = ${account.user}`,
      `account.1.password = ${account.password}`,
      `account.1.sip_server.1.address = ${account.registrar}`,
      'account.1.sip_server.1.port = 5061',
      'account.1.sip_server.1.transport_type = 2',
      'account.1.sip_server.1.expires = 600',
      'account.1.srtp_encryption = 2',
    );
  }
  return `${lines.join('\n')}\n`;
}

function poly(url: string, account?: CloudAccount): string {
  const host = url.replace(/^https:\/\//, '');
  const attributes = [
    ['device.set', '1'],
    ['device.prov.serverType.set', '1'],
    ['device.prov.serverType', 'HTTPS'],
    ['device.prov.serverName.set', '1'],
    ['device.prov.serverName', host],
    ['prov.polling.enabled', '1'],
    ['prov.polling.mode', 'rel'],
    ['prov.polling.period', '180'],
    ...(account
      ? [
          ['reg.1.address', `${account.user}@${account.domain}`],
          ['reg.1.label', account.kind === 'final' ? account.user : 'Sign in'],
          ['reg.1.auth.userId', `${account.user}@${account.domain}`],
          ['reg.1.auth.password', account.password],
          ['reg.1.server.1.address', account.registrar],
          ['reg.1.server.1.port', '5061'],
          ['reg.1.server.1.transport', 'TLS'],
          ['reg.1.server.1.expires', '600'],
          ['sec.srtp.offer', '1'],
          ['sec.srtp.require', '1'],
        ]
      : []),
  ];
  const lines = attributes.map(([name, value = '']) => `    ${name}="${xml(value)}"`);
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<PHONE_CONFIG>\n  <ALL\n${lines.join('\n')}/>\n</PHONE_CONFIG>\n`;
}

function cisco(url: string, account?: CloudAccount): string {
  const elements = [
    ['Profile_Rule', url],
    ['Resync_Periodic', '180'],
    ['Resync_On_Reset', 'Yes'],
    ...(account
      ? [
          ['Display_Name_1_', account.kind === 'final' ? account.user : 'Sign in'],
          ['User_ID_1_', account.user],
          ['Use_Auth_ID_1_', 'Yes'],
          ['Auth_ID_1_', `${account.user}@${account.domain}`],
          ['Password_1_', account.password],
          ['Proxy_1_', account.registrar],
          ['Register_Expires_1_', '600'],
          ['SIP_Transport_1_', 'TLS'],
          ['Secure_Call_Serv', 'Yes'],
        ]
      : []),
  ];
  const lines = elements.map(([name, value = '']) => `  <${name} ua="na">${xml(value)}</${name}>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<flat-profile>\n${lines.join('\n')}\n</flat-profile>\n`;
}

function snom(url: string, account?: CloudAccount): string {
  const settings = [
    `<setting_server perm="R">${xml(url)}</setting_server>`,
    '<settings_refresh_timer perm="R">180</settings_refresh_timer>',
    '<language perm="">English</language>',
    ...(account
      ? [
          '<user_active idx="1" perm="R">on</user_active>',
          `<user_realname idx="1" perm="R">${xml(account.user)}</user_realname>`,
          `<user_name idx="1" perm="R">${xml(account.user)}</user_name>`,
          `<user_pname idx="1" perm="R">${xml(`${account.user}@${account.domain}`)}</user_pname>`,
          `<user_pass idx="1" perm="R">${xml(account.password)}</user_pass>`,
          `<user_host idx="1" perm="R">${account.registrar}:5061;transport=tls</user_host>`,
          '<user_expiry idx="1" perm="R">600</user_expiry>',
          '<user_srtp idx="1" perm="R">on</user_srtp>',
        ]
      : []),
  ];
  return `<?xml version="1.0" encoding="utf-8"?>\n<settings>\n  <phone-settings>\n${settings.map((line) => `    ${line}`).join('\n')}\n  </phone-settings>\n</settings>\n`;
}

function audiocodes(url: string, account?: CloudAccount): string {
  const lines = [
    'provisioning/method=STATIC',
    `provisioning/configuration/url=${url}`,
    'provisioning/period/type=HOURLY',
    'personal_settings/language=English',
  ];
  if (account) {
    lines.push(
      'voip/line/0/enabled=1',
      `voip/line/0/id=${account.user}`,
      `voip/line/0/description=${account.user}`,
      `voip/line/0/auth_name=${account.user}@${account.domain}`,
      `voip/line/0/auth_password=${account.password}`,
      'voip/signalling/sip/transport_protocol=TLS',
      'voip/signalling/sip/sip_registrar/enabled=1',
      `voip/signalling/sip/sip_registrar/addr=${account.registrar}`,
      'voip/signalling/sip/sip_registrar/port=5061',
      'voip/signalling/sip/registration_expires=600',
    );
  }
  return `${lines.join('\r\n')}\r\n`;
}

function ale(url: string, account?: CloudAccount): string {
  const settings = [
    ['DeviceProvisionServerUrl', url],
    ['DeviceProvisionPollingByIntervalEnable', 'true'],
    ['SettingLanguage', '0'],
    ...(account
      ? [
          ['Account1Enable', 'true'],
          ['Account1DisplayName', account.user],
          ['Account1UserName', account.user],
          ['Account1RegName', `${account.user}@${account.domain}`],
          ['Account1Password', account.password],
          ['Account1Server1Address', account.registrar],
          ['Account1Server1Port', '5061'],
          ['Account1Server1Transport', '2'],
          ['Account1SrtpWorkingMode', '2'],
        ]
      : []),
  ];
  const lines = settings.map(([id, value = '']) => `  <setting id="${id}" value="${xml(value)}"/>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<settings>\n${lines.join('\n')}\n</settings>\n`;
}

function xml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
