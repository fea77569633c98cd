/** `gatehouse check emergency`: who could be reached, and told, if somebody here called for help right now. */
import { existsSync, readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import { furthestPosture, wantedParts } from '../config/parts.ts';
import { probeSip } from '../net/probe-sip.ts';
import { probeTcp } from '../net/probe-tls.ts';
import { mailServer, tryMailServer } from '../net/smtp.ts';
import { systemLookup } from '../net/tcp.ts';
import { numbersOf } from '../phones/emergency-numbers.ts';
import { newDialPlan, numberList, phonesOf, type DialPlan } from '../sip/dial-plan.ts';
import { readBindingRows, type BindingRow } from '../store/bindings.ts';
import { readFacts } from '../store/phones.ts';
import { readSiteNumbers } from '../store/site-numbers.ts';
import { readParts } from '../store/site-status.ts';
import type { CheckSite } from './check-probes.ts';
import type { Verdict } from './check-verdicts.ts';

const timeoutMs = 4000;
type State = Verdict['state'];

const verdict = (state: State, text: string): Verdict => ({ area: 'emergency', state, text });

export async function checkEmergency({ config, now }: CheckSite): Promise<Verdict[]> {
  if (furthestPosture(config.site) !== 'full') {
    return [verdict('not tested', 'emergency calls do not go through this box (site.posture)')];
  }
  const { extra_ca_file: extra } = config.site;
  const trust = extra !== undefined && existsSync(extra) ? [readFileSync(extra, 'utf8')] : [];
  const found = [gateway(config, trust), webhook(config), syslog(config), mail(config, trust)];
  return [
    ...numbers(config),
    ...cloud(config, now()),
    ...(await Promise.all(found)).flat(),
    ...attendants(config),
  ];
}

function numbers({ emergency, dial_plan: { country_code: code } }: Config): Verdict[] {
  if (code !== '' || emergency.numbers.length > 0) return [];
  const text =
    'dial_plan.country_code is not set: many short numbers are taken for emergency calls, and yours may be missing';
  return [verdict('warning', text)];
}

function cloud(config: Config, now: number): Verdict[] {
  const parts = readParts(config.site.state_directory, wantedParts(config), now);
  if (!parts.some(({ isRunning }) => isRunning))
    return [verdict('not tested', 'the way through the cloud: the box is not running')];
  const sip = parts.find(({ name }) => name === 'sip');
  if (sip?.isRunning !== true)
    return [verdict('problem', 'the part sip is not running: no phone here can call anybody')];
  const reason = sip.health?.reason ?? '';
  if (reason.startsWith('media relay'))
    return [verdict('problem', `${reason}: they are heard only where both ends reach each other`)];
  return /^(?:no way to the registrar|registrar )/.test(reason)
    ? [verdict('problem', `the way through the cloud: ${reason}`)]
    : [verdict('ok', 'the way through the cloud is open')];
}

/** What people here would dial first. */
function firstNumber({ emergency, dial_plan: { country_code: code } }: Config): string {
  return emergency.numbers[0] ?? numbersOf(code).any;
}

async function gateway(config: Config, trust: readonly string[]): Promise<Verdict[]> {
  const { host, port, transport } = config.gateway;
  if (host === undefined) {
    const number = firstNumber(config);
    return [
      verdict(
        'warning',
        `in an outage nobody here can reach ${number}: there is no gateway to the telephone network ([gateway]); phones here ring instead`,
      ),
    ];
  }
  const target = { host, port, transport, trust, from: config.site.address };
  return await probeSip(target, timeoutMs).then(
    (line) => [
      verdict('ok', `the gateway ${host} answers (${line}); only a call shows whether its lines work`),
    ],
    (error: Error) => [
      verdict(
        'problem',
        `the gateway ${host} does not answer over ${transport} (${error.message}): check its address, port and that it lets this box in`,
      ),
    ],
  );
}

function attendants({ site, emergency, dial_plan: settings }: Config): Verdict[] {
  const named = emergency.attendants;
  const registered = readFacts(site.state_directory, 'sip', readBindingRows).filter(
    ({ state }) => state !== 'late',
  );
  if (named.length === 0) {
    const text = `emergency.attendants names nobody: each of ${registered.length} phones rings when no other way is left, and none gets a text`;
    return [verdict('warning', text)];
  }
  const plan = newDialPlan(settings, numberList(readFacts(site.state_directory, 'web', readSiteNumbers)));
  const away = named.flatMap((number) => {
    const why = whyUnrung(number, registered, plan);
    return why === undefined ? [] : [`${number} (${why})`];
  });
  if (away.length === 0) return [verdict('ok', `attendants are registered: ${named.join(', ')}`)];
  const state = away.length === named.length ? 'problem' : 'warning';
  return [verdict(state, `attendants that would not be rung: ${away.join(', ')}`)];
}

/** As sip looks for them. */
function whyUnrung(number: string, registered: readonly BindingRow[], plan: DialPlan): string | undefined {
  if (phonesOf(number, registered, plan).length > 0) return undefined;
  return registered.some((phone) => phonesOf(number, [phone], plan).length > 0)
    ? 'fits several phones'
    : 'nobody registered has this number';
}

async function webhook({ emergency }: Config): Promise<Verdict[]> {
  if (emergency.webhook === undefined) {
    const isTold = emergency.mail.server !== undefined || emergency.syslog.server !== undefined;
    const text =
      'nobody is told of an emergency call but attendants: name emergency.webhook, emergency.syslog or emergency.mail';
    return isTold ? [] : [verdict('warning', text)];
  }
  const url = new URL(emergency.webhook);
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  return [await connects(`the webhook ${url.host}`, url.hostname, port)];
}

async function syslog({ emergency: { syslog: to } }: Config): Promise<Verdict[]> {
  if (to.server === undefined) return [];
  if (to.transport === 'tcp') return [await connects(`the syslog server ${to.server}`, to.server, to.port)];
  const text = `the syslog server ${to.server}: over UDP nobody confirms anything; emergency.syslog.transport = "tcp" would`;
  return [verdict('not tested', text)];
}

async function connects(what: string, host: string, port: number): Promise<Verdict> {
  const addresses = await systemLookup(host.replace(/^\[|\]$/g, '')).catch(() => []);
  const isThere = addresses[0] !== undefined && (await probeTcp(addresses[0], port, timeoutMs));
  return isThere
    ? verdict('ok', `${what} takes connections`)
    : verdict('problem', `${what} takes no connection on port ${port}`);
}

async function mail({ emergency }: Config, trust: readonly string[]): Promise<Verdict[]> {
  const { server: host, secret_file: file } = emergency.mail;
  if (host === undefined) return [];
  if (file !== undefined && !existsSync(file)) return [];
  return await tryMailServer(mailServer(host, emergency.mail, trust)).then(
    () => [verdict('ok', `the mail server ${host} lets this box in`)],
    (error: Error) => [verdict('problem', `the mail server ${host}: ${error.message}`)],
  );
}
