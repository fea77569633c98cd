/**
 * What a phone's firmware does with its provisioning URL: asks in its vendor's order, takes 404 as normal, applies what
 * it gets, and begins again when that changed the URL. `node test/support/phone-provisioning.ts '<PhoneBoot or PhoneState
 * as JSON>'` does the same in a namespace and prints the state as JSON.
 */
import { readConfiguration, type Endpoint, type PhoneVendor } from './phone-configuration.ts';
import { sendFixture, type NamesLead, type OpenConnections, type PhoneAnswer } from './phone-http.ts';

export interface PhoneBoot {
  readonly vendor: PhoneVendor;
  readonly mac: string;
  /** As DHCP gave it; Cisco's `$PSN` is expanded here, as the phone does. */
  readonly url: string;
  /** PEM that the maker built in: public roots. */
  readonly trusted?: string;
  /** Address to come from, where the machine has several. */
  readonly from?: string;
  readonly names?: NamesLead;
  /** How long it waits for an answer. */
  readonly timeoutMs?: number;
}

/** What the phone keeps over a power cycle. */
export interface PhoneState {
  readonly vendor: PhoneVendor;
  readonly mac: string;
  url: string;
  trusted: string;
  readonly from?: string;
  readonly names?: NamesLead;
  readonly timeoutMs?: number;
  /** Not over a power cycle. Undefined: a connection for each request. */
  readonly open?: OpenConnections;
  account?: { readonly user: string; readonly authName: string; readonly password: string };
  registrar?: Endpoint;
  outboundProxy?: Endpoint;
  /** Every request in order. */
  readonly asked: { readonly fixture: string; readonly url: string; readonly status: number }[];
}

const order: Record<PhoneVendor, readonly string[]> = {
  yealink: ['yealink-1-boot', 'yealink-2-boot-common', 'yealink-3-common', 'yealink-4-mac'],
  poly: ['poly-1-mac', 'poly-2-master'],
  cisco: ['cisco-1-profile'],
  snom: ['snom-1-model', 'snom-2-mac'],
  audiocodes: ['audiocodes-1-image', 'audiocodes-2-mac'],
  ale: ['ale-1-model', 'ale-2-mac'],
};

const mostRounds = 8;

/** From power-on until the URL stays as it is. Rejects when a server is not trusted or a body can't be read. */
export async function bootPhone(boot: PhoneBoot): Promise<PhoneState> {
  return settlePhone(factoryState(boot));
}

const expanded = (url: string) => url.replaceAll('$PSN', '8841-3PCC');

/** After a power cycle: the URL that DHCP names, and all else that the phone has kept. */
export function restartState(kept: PhoneState, url: string): PhoneState {
  return { ...kept, url: expanded(url), asked: [] };
}

/** A phone that has its URL from DHCP, and nothing else. */
export function factoryState(boot: PhoneBoot): PhoneState {
  const { vendor, mac, url, trusted = '', from, names, timeoutMs } = boot;
  return {
    vendor,
    mac,
    url: expanded(url),
    trusted,
    asked: [],
    ...(from === undefined ? {} : { from }),
    ...(names === undefined ? {} : { names }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

/** Polls until the URL stays as it is. */
export async function settlePhone(state: PhoneState): Promise<PhoneState> {
  for (let round = 0; round < mostRounds; round += 1) {
    const before = state.url;
    await pollPhone(state);
    if (state.url === before) return state;
  }
  throw new Error(
    `${state.vendor} ${state.mac}: the provisioning URL still changes after ${mostRounds} rounds`,
  );
}

/** One round over the vendor's files at the URL that the phone has. */
export async function pollPhone(state: PhoneState): Promise<void> {
  const { url } = state;
  for (const fixture of order[state.vendor]) {
    const answer = await ask(state, { fixture, url });
    if (answer.status === 200) await apply(state, answer, url);
  }
}

async function ask(
  state: PhoneState,
  { fixture, url, file }: { fixture: string; url: string; file?: string },
): Promise<PhoneAnswer> {
  const answer = await sendFixture({
    fixture,
    url,
    mac: state.mac,
    ca: state.trusted,
    ...(state.from === undefined ? {} : { from: state.from }),
    ...(state.names === undefined ? {} : { names: state.names }),
    ...(state.open === undefined ? {} : { open: state.open }),
    ...(state.timeoutMs === undefined ? {} : { timeoutMs: state.timeoutMs }),
    ...(file === undefined ? {} : { file }),
  });
  state.asked.push({ fixture, url, status: answer.status });
  return answer;
}

async function apply(state: PhoneState, answer: PhoneAnswer, url: string): Promise<void> {
  const read = readConfiguration(state.vendor, answer.body, state.mac.replaceAll(/[:.-]/g, '').toLowerCase());
  for (const file of read.files ?? []) {
    const named = await ask(state, { fixture: `${state.vendor}-3-config`, url, file });
    if (named.status === 200) await apply(state, named, url);
  }
  if (read.caUrl !== undefined) {
    const fetched = await ask(state, { fixture: `${state.vendor}-ca`, url: read.caUrl });
    if (fetched.status === 200) trust(state, fetched.body.toString('latin1'));
  }
  if (read.ca !== undefined) trust(state, read.ca);
  if (read.nextUrl !== undefined) state.url = read.nextUrl;
  if (read.account !== undefined) state.account = read.account;
  if (read.registrar !== undefined) state.registrar = read.registrar;
  // As a phone does: a proxy that a file does not speak of stays, one that it empties goes.
  if (read.outboundProxy !== undefined) state.outboundProxy = read.outboundProxy;
  else if (read.endsOutboundProxy) delete state.outboundProxy;
}

function trust(state: PhoneState, pem: string): void {
  if (!state.trusted.includes(pem.trim())) state.trusted = `${state.trusted}\n${pem}\n`;
}

if (import.meta.main) {
  const given = JSON.parse(process.argv[2] ?? '') as PhoneBoot | PhoneState;
  console.log(JSON.stringify('asked' in given ? await settlePhone(given) : await bootPhone(given)));
}
