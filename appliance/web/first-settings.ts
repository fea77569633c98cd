/** The settings that the set-up form asks for, as a `gatehouse.toml`. Pure. */
import { ConfigError, parseConfig } from '../config.ts';
import { printConfig } from '../config/print.ts';
import { Type, type Static } from '../schema.ts';

const word = Type.String({ maxLength: 200 });
const optional = Type.Optional(word);

export const FirstSettings = Type.Object(
  {
    name: word,
    region: word,
    timeZone: word,
    tenantId: optional,
    posture: word,
    /** Calling code, which says what people dial for help. */
    country: optional,
    /** The box on the phones' network. */
    card: word,
    address: word,
    /** Who gives phones their addresses: `server` this box, `inform` another server, `off` another server that names this box. */
    addresses: word,
    subnet: optional,
    first: optional,
    last: optional,
    router: optional,
    /** Name server that the box asks, and phones that get their addresses from it. */
    dns: optional,
    /** Management address; left out: the one on the phones' network. */
    pageAddress: optional,
  },
  { additionalProperties: false },
);

type Form = Static<typeof FirstSettings>;

/** Network cards, where the box sets them up itself. */
export interface OwnCards {
  /** Besides the phones' card, those with a cable: they ask for an address. */
  readonly others: readonly string[];
}

/** `problems` are for whoever filled in the form: one sentence each, by the keys of the settings. */
export function firstSettings(
  form: Form,
  cards?: OwnCards,
): { readonly toml: string } | { readonly problems: readonly string[] } {
  const filled = Object.fromEntries(
    Object.entries(form).map(([key, value]) => [
      key,
      typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined,
    ]),
  ) as Partial<Form>;
  try {
    return {
      toml: printConfig(
        parseConfig([shortToml(filled), ...(cards ? cardTables(filled, cards) : [])].join('\n')),
      ),
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // Lines of a file that nobody has seen.
    return { problems: error.problems.map((problem) => problem.replace(/^line \d+: /, '')) };
  }
}

function shortToml(form: Partial<Form>): string {
  const isServer = form.addresses === 'server';
  return [
    '[site]',
    ...key('name', form.name),
    ...key('region', form.region),
    ...key('time_zone', form.timeZone),
    ...key('tenant_id', form.tenantId),
    ...key('posture', form.posture),
    ...key('address', form.address),
    '[dhcp]',
    ...key('mode', form.addresses),
    ...key('interface', form.card),
    ...(isServer ? key('subnet', form.subnet) : []),
    ...(isServer && form.first !== undefined && form.last !== undefined
      ? [`pool = [${quoted(form.first)}, ${quoted(form.last)}]`]
      : []),
    ...(isServer && form.router !== undefined ? [`routers = [${quoted(form.router)}]`] : []),
    ...(isServer && form.dns !== undefined ? [`dns_servers = [${quoted(form.dns)}]`] : []),
    '[dial_plan]',
    ...key('country_code', form.country?.replace(/^\+\s*/, '')),
    '[web]',
    ...key('address', form.pageAddress ?? form.address),
    'https_port = 8443',
    '',
  ].join('\n');
}

/** With another card the way out is there; alone, the phones' router is the box's too. */
function cardTables(form: Partial<Form>, { others }: OwnCards): string[] {
  const prefix = form.subnet?.split('/')[1];
  const isAlone = others.length === 0;
  return [
    '[[box.card]]',
    ...key('name', form.card),
    'role = "phones"',
    ...key('address', form.address === undefined ? undefined : `${form.address}/${prefix ?? '24'}`),
    ...(isAlone ? key('gateway', form.router) : []),
    ...(form.dns === undefined ? [] : [`dns = [${quoted(form.dns)}]`]),
    ...others.flatMap((name) => ['[[box.card]]', ...key('name', name), 'role = "wan"']),
    '',
  ];
}

function key(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${name} = ${quoted(value)}`];
}

/** TOML 1.0: basic strings escape what JSON escapes, and DEL. */
function quoted(value: string): string {
  return JSON.stringify(value).replaceAll('\u007F', String.raw`\u007F`);
}
