/**
 * Reads a configuration body as that vendor's phone does, to know what a phone would do next. Written from the vendors'
 * formats, apart from the box's own readers: a body that is ambiguous to a phone (a key given twice) is an error here.
 */

export type PhoneVendor = 'yealink' | 'poly' | 'cisco' | 'snom' | 'audiocodes' | 'ale';

export interface Endpoint {
  readonly host: string;
  readonly port?: number;
  readonly transport?: string;
}

export interface ReadConfiguration {
  /** Provisioning URL that the phone keeps from now on. */
  readonly nextUrl?: string;
  /** Authority to trust: fetched from here … */
  readonly caUrl?: string;
  /** … or given in the body itself. PEM. */
  readonly ca?: string;
  readonly account?: { readonly user: string; readonly authName: string; readonly password: string };
  readonly registrar?: Endpoint;
  readonly outboundProxy?: Endpoint;
  /** The body takes the outbound proxy away, in this vendor's way. */
  readonly endsOutboundProxy: boolean;
  /** Poly: files that a master file names, macros expanded. */
  readonly files?: readonly string[];
  /** Every setting as the phone understands it. */
  readonly settings: ReadonlyMap<string, string>;
}

export function readConfiguration(vendor: PhoneVendor, body: Uint8Array, mac = ''): ReadConfiguration {
  const text = Buffer.from(body).toString('utf8');
  const settings = new Map<string, string>();
  const set = (key: string, value: string) => {
    if (settings.has(key)) throw new Error(`${vendor}: "${key}" is given twice`);
    settings.set(key, value);
  };
  formats[vendor](text, set);
  return {
    ...meanings[vendor]({ settings, get: (key) => settings.get(key) || undefined, text, mac }),
    endsOutboundProxy: noProxy[vendor].some(([key, value]) => settings.get(key) === value),
    settings,
  };
}

type Set = (key: string, value: string) => void;

function lines(separator: RegExp, comment: string): (text: string, set: Set) => void {
  return (text, set) => {
    for (const line of text.split(/\r?\n/)) {
      if (line.trim() === '' || line.startsWith(comment)) continue;
      const [key = '', ...rest] = line.split(separator);
      if (rest.length > 0) set(key.trim(), rest.join('=').trim());
    }
  };
}

const formats: Record<PhoneVendor, (text: string, set: Set) => void> = {
  yealink: (text, set) => {
    if (!text.startsWith('#!version:1.0.0.1'))
      throw new Error('yealink: no #!version line, the phone ignores the file');
    lines(/ *= */, '#')(text, set);
  },
  audiocodes: lines(/=/, ';'),
  poly: (text, set) => {
    for (const [, name = '', value = ''] of tags(text).flatMap((tag) => [
      ...tag.matchAll(/([\w.:-]+)="([^"]*)"/g),
    ])) {
      set(name, unescape(value));
    }
  },
  cisco: (text, set) => {
    if (!/<flat-profile>[^]*<\/flat-profile>/.test(text)) throw new Error('cisco: no <flat-profile>');
    for (const [, name = '', value = ''] of text.matchAll(/<(\w[\w.-]*)(?:\s[^>]*)?>([^<]*)<\/\1>/g))
      set(name, unescape(value));
  },
  snom: (text, set) => {
    const [, phoneSettings = ''] = /<phone-settings[^>]*>([^]*?)<\/phone-settings>/.exec(text) ?? [];
    for (const [, name = '', attributes = '', value = ''] of phoneSettings.matchAll(
      /<(\w+)([^>]*)>([^<]*)<\/\1>/g,
    )) {
      set(`${name}${/idx="(\d+)"/.exec(attributes)?.[1] ?? ''}`, unescape(value));
    }
  },
  ale: (text, set) => {
    for (const [, id = '', value = ''] of text.matchAll(/<setting id="([^"]*)" value="([^"]*)"\s*\/>/g))
      set(id, unescape(value));
  },
};

interface Read {
  readonly settings: ReadonlyMap<string, string>;
  /** An empty value is as good as none. */
  readonly get: (key: string) => string | undefined;
  readonly text: string;
  readonly mac: string;
}

type Meaning = Omit<ReadConfiguration, 'settings' | 'endsOutboundProxy'>;

/** Key and the value with which it switches the outbound proxy off. */
const noProxy: Record<PhoneVendor, readonly (readonly [string, string])[]> = {
  yealink: [['account.1.outbound_proxy_enable', '0']],
  poly: [['reg.1.outboundProxy.address', '']],
  cisco: [['Use_Outbound_Proxy_1_', 'No']],
  snom: [['user_outbound1', '']],
  audiocodes: [['voip/signalling/sip/sip_outbound_proxy/enabled', '0']],
  ale: [['Account1OutboundProxy1Address', '']],
};

const meanings: Record<PhoneVendor, (read: Read) => Meaning> = {
  yealink: ({ get }) => ({
    ...known('nextUrl', get('static.auto_provision.server.url')),
    ...known('caUrl', get('static.trusted_certificates.url')),
    ...account(get('account.1.user_name'), get('account.1.auth_name'), get('account.1.password')),
    ...known(
      'registrar',
      endpoint(get('account.1.sip_server.1.address'), get('account.1.sip_server.1.port')),
    ),
    ...(get('account.1.outbound_proxy_enable') === '1'
      ? known(
          'outboundProxy',
          endpoint(get('account.1.outbound_proxy.1.address'), get('account.1.outbound_proxy.1.port')),
        )
      : {}),
  }),
  poly: ({ get, mac }) => ({
    ...known('nextUrl', polyUrl(get)),
    ...known(
      'ca',
      get('device.set') === '1' && get('device.sec.TLS.customCaCert1.set') === '1'
        ? get('device.sec.TLS.customCaCert1')
        : undefined,
    ),
    ...account(get('reg.1.address')?.split('@')[0], get('reg.1.auth.userId'), get('reg.1.auth.password')),
    ...known(
      'registrar',
      endpoint(get('reg.1.server.1.address'), get('reg.1.server.1.port'), get('reg.1.server.1.transport')),
    ),
    ...known(
      'outboundProxy',
      endpoint(
        get('reg.1.outboundProxy.address'),
        get('reg.1.outboundProxy.port'),
        get('reg.1.outboundProxy.transport'),
      ),
    ),
    ...known(
      'files',
      get('CONFIG_FILES')
        ?.replaceAll('[PHONE_MAC_ADDRESS]', mac)
        .split(/\s*,\s*/),
    ),
  }),
  cisco: ({ get }) => ({
    ...known('nextUrl', get('Profile_Rule')),
    ...known('caUrl', get('Custom_CA_Rule')),
    ...account(get('User_ID_1_'), get('Auth_ID_1_'), get('Password_1_')),
    ...known('registrar', endpoint(get('Proxy_1_'))),
    ...(get('Use_Outbound_Proxy_1_') === 'Yes'
      ? known('outboundProxy', endpoint(get('Outbound_Proxy_1_'), undefined, get('SIP_Transport_1_')))
      : {}),
  }),
  snom: ({ get, text }) => ({
    ...known('nextUrl', get('setting_server')),
    ...known('ca', snomCa(text)),
    ...account(get('user_name1'), get('user_pname1'), get('user_pass1')),
    ...known('registrar', endpoint(get('user_host1'))),
    ...known('outboundProxy', endpoint(get('user_outbound1'))),
  }),
  audiocodes: ({ get }) => ({
    ...known('nextUrl', get('provisioning/configuration/url')),
    ...account(get('voip/line/0/id'), get('voip/line/0/auth_name'), get('voip/line/0/auth_password')),
    ...known(
      'registrar',
      endpoint(get('voip/signalling/sip/sip_registrar/addr'), get('voip/signalling/sip/sip_registrar/port')),
    ),
    ...known('outboundProxy', endpoint(get('voip/signalling/sip/sip_outbound_proxy/addr'))),
  }),
  ale: ({ get }) => ({
    ...known('nextUrl', get('DeviceProvisionServerUrl')),
    ...account(get('Account1UserName'), get('Account1RegName'), get('Account1Password')),
    ...known('registrar', endpoint(get('Account1Server1Address'), get('Account1Server1Port'))),
    ...known('outboundProxy', endpoint(get('Account1OutboundProxy1Address'))),
  }),
};

function known<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  const entry: { [key in K]?: V } = {};
  if (value !== undefined) entry[key] = value;
  return entry;
}

function account(user?: string, authName?: string, password?: string): Pick<Meaning, 'account'> {
  if (user === undefined || authName === undefined || password === undefined) return {};
  return { account: { user, authName, password } };
}

/** `host`, `host:port`, `host:port;transport=tls`; port and transport given apart go before. */
function endpoint(text?: string, port?: string, transport?: string): Endpoint | undefined {
  const [, host, ownPort, ownTransport] = /^([^:;]+)(?::(\d+))?(?:;transport=(\w+))?$/.exec(text ?? '') ?? [];
  if (host === undefined) return undefined;
  const number = port ?? ownPort;
  const protocol = transport ?? ownTransport;
  return {
    host,
    ...(number === undefined ? {} : { port: Number(number) }),
    ...(protocol === undefined ? {} : { transport: protocol }),
  };
}

function polyUrl(get: Read['get']): string | undefined {
  const name = get('device.prov.serverName');
  const isSet = get('device.set') === '1' && get('device.prov.serverName.set') === '1';
  if (name === undefined || !isSet) return undefined;
  if (name.includes('://')) return name;
  const type = get('device.prov.serverType.set') === '1' ? get('device.prov.serverType') : undefined;
  return `${type === 'HTTPS' ? 'https' : 'http'}://${name}`;
}

function snomCa(text: string): string | undefined {
  const [, inside = ''] = /<certificates>([^]*?)<\/certificates>/.exec(text) ?? [];
  const [, base64] = /<certificate type="base64">([^<]*)<\/certificate>/.exec(inside) ?? [];
  return base64 === undefined
    ? undefined
    : `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/\s/g, '').replaceAll(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`;
}

/** Start tags, comments and declarations left out. */
function tags(text: string): string[] {
  return text.replaceAll(/<!--[^]*?-->|<\?[^]*?\?>/g, '').match(/<[A-Za-z][^<>]*>/g) ?? [];
}

function unescape(text: string): string {
  return text
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .trim();
}
