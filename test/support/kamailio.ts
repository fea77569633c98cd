/** Kamailio as the cloud's registrar and proxy: its configuration, its start in a namespace, and what it saw arrive. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, until, type Running, type StartOptions } from './command.ts';

export interface SipAccount {
  readonly user: string;
  readonly password: string;
}

export interface KamailioOptions {
  /** Starts a program where Kamailio shall live. */
  readonly start: (command: readonly string[], options?: StartOptions) => Running;
  /** Made when missing; configuration, keys and log go there. */
  readonly directory: string;
  readonly address: string;
  /** TLS; 5061 when left out. */
  readonly port?: number;
  /** The realm, and the domain part of every AOR. */
  readonly domain: string;
  /** More domains that it answers for in the same way. */
  readonly moreDomains?: readonly string[];
  /** PEM. */
  readonly certificate: { readonly cert: string; readonly key: string };
  readonly accounts: readonly SipAccount[];
  /** The longest registration that it grants. */
  readonly maxExpiresSeconds?: number;
  /** For phones out there that speak UDP; none when left out. */
  readonly udpPort?: number;
  /** Challenge INVITEs too; true when left out. */
  readonly challengeInvites?: boolean;
}

/** One message as Kamailio saw it arrive. */
export interface Seen {
  readonly what: 'request' | 'reply' | 'registered';
  /** Method, for a reply the one that it answers. */
  readonly method: string;
  /** Status of a reply. */
  readonly status: number;
  readonly from: string;
  readonly protocol: string;
  /** Number of the TCP connection. */
  readonly connection: string;
  readonly fromUser: string;
  readonly toUser: string;
  readonly requestUri: string;
  readonly contact: string;
  readonly callId: string;
  /** The scheme when the request carried credentials, else empty. */
  readonly credentials: string;
  readonly userAgent: string;
}

export interface Kamailio extends AsyncDisposable {
  readonly process: Running;
  /** All messages so far, in order. */
  readonly seen: readonly Seen[];
  /** From now on this account is known; one that was known gets the new password. `user` is the digest's user name. */
  setAccount(account: SipAccount): Promise<void>;
  /** The first message that fits, waited for. */
  waitFor(what: string, fits: (seen: Seen) => boolean, timeoutMs?: number): Promise<Seen>;
}

/** Resolves when Kamailio listens. */
export async function startKamailio(options: KamailioOptions): Promise<Kamailio> {
  const { directory, domain, certificate } = options;
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const file = (name: string) => join(directory, name);
  writeFileSync(file('certificate.pem'), certificate.cert);
  writeFileSync(file('key.pem'), certificate.key);
  chmodSync(file('key.pem'), 0o600);
  writeFileSync(file('tls.cfg'), tlsConfiguration(file));
  writeFileSync(file('kamailio.cfg'), configuration(options, file('tls.cfg')));
  const seen: Seen[] = [];
  let isReady = false;
  const running = options.start(
    [
      'kamailio',
      '-DD',
      '-E',
      '-m',
      '64',
      '-M',
      '8',
      '-f',
      file('kamailio.cfg'),
      '-Y',
      directory,
      '-P',
      file('pid'),
    ],
    {
      logFile: file('kamailio.log'),
      errorsAreLines: true,
      onLine: (line) => {
        if (line.includes('GATEHOUSE-READY')) isReady = true;
        const entry = parseSeen(line);
        if (entry !== undefined) seen.push(entry);
      },
    },
  );
  const waitFor = (what: string, fits: (entry: Seen) => boolean, timeoutMs = 10_000) =>
    until(what, () => seen.find(fits), {
      timeoutMs,
      everyMs: 20,
      lastSeen: () => (running.hasExited() ? running.lastWords() : JSON.stringify(seen.at(-1) ?? 'nothing')),
    });
  await until(`Kamailio of ${domain} to listen`, () => isReady || undefined, {
    timeoutMs: 15_000,
    everyMs: 50,
    lastSeen: running.lastWords,
  });
  const setAccount = async ({ user, password }: SipAccount) => {
    const call = [
      'kamcmd',
      '-s',
      `unix:${file('ctl')}`,
      'htable.sets',
      'accounts',
      `s:${user}`,
      `s:${password}`,
    ];
    await run(call);
  };
  for (const account of options.accounts) await setAccount(account);
  return {
    process: running,
    seen,
    setAccount,
    waitFor,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

const mark = 'GATEHOUSE-SEEN';

/** In the order of the `xlog` lines below. */
function parseSeen(line: string): Seen | undefined {
  const at = line.indexOf(mark);
  if (at < 0) return undefined;
  const fields = line
    .slice(at)
    .split('|')
    .map((field) => field.replaceAll('<null>', ''));
  const [, what = '', method = '', status = '', from = '', protocol = '', connection = '', ...rest] = fields;
  const [
    fromUser = '',
    toUser = '',
    requestUri = '',
    contact = '',
    callId = '',
    credentials = '',
    ...userAgent
  ] = rest;
  return {
    what: what as Seen['what'],
    method,
    status: Number(status) || 0,
    from,
    protocol,
    connection,
    fromUser,
    toUser,
    requestUri,
    contact,
    callId,
    credentials: credentials.split(' ')[0] ?? '',
    userAgent: userAgent.join('|').trim(),
  };
}

const fields = (status: string, credentials: string) =>
  `${status}|$si:$sp|$proto|$conid|$fU|$tU|$ru|$ct|$ci|${credentials}|$ua`;

function tlsConfiguration(file: (name: string) => string): string {
  return `[server:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
private_key = ${file('key.pem')}
certificate = ${file('certificate.pem')}

[client:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
`;
}

const modules = [
  'tm',
  'sl',
  'rr',
  'pv',
  'maxfwd',
  'textops',
  'siputils',
  'usrloc',
  'registrar',
  'auth',
  'tls',
  'nathelper',
  'xlog',
  'ctl',
  'htable',
].map((name) => `loadmodule "${name}.so"`);

function configuration(options: KamailioOptions, tlsFile: string): string {
  const {
    address,
    port = 5061,
    udpPort,
    domain,
    maxExpiresSeconds = 3600,
    challengeInvites = true,
  } = options;
  return `#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=2
enable_tls=yes
tcp_connection_lifetime=7200
listen=tls:${address}:${port}
${udpPort === undefined ? '' : `listen=udp:${address}:${udpPort}\n`}${[domain, ...(options.moreDomains ?? [])].map((name) => `alias="${name}"`).join('\n')}
dns=no
rev_dns=no
${modules.join('\n')}
modparam("tls", "config", "${tlsFile}")
modparam("ctl", "binrpc", "unix:${join(options.directory, 'ctl')}")
modparam("htable", "htable", "accounts=>size=8;")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", ${maxExpiresSeconds})
modparam("registrar", "default_expires", ${maxExpiresSeconds})
modparam("registrar", "min_expires", 1)
modparam("registrar|nathelper", "received_avp", "$avp(received)")
modparam("tm", "fr_timer", 8000)
modparam("tm", "fr_inv_timer", 60000)

request_route {
  xlog("L_ERR", "${mark}|request|$rm|${fields('0', '$hdr(Authorization)$hdr(Proxy-Authorization)')}\\n");
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  # The other side may sit behind address translation: answers, later requests and media go where this came from.
  if (is_method("INVITE|UPDATE|ACK") && has_body("application/sdp")) { fix_nated_sdp("2"); }
  if (is_method("INVITE|UPDATE")) { set_contact_alias(); }
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  if (has_totag()) {
    $var(loose) = loose_route();
    if ($du == $null) { handle_ruri_alias(); }
    if ($var(loose) > 0 || $du != $null || uri != myself) { t_relay(); }
    else if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } }
    else { sl_send_reply("481", "Call/Transaction Does Not Exist"); }
    exit;
  }
  if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  # An unknown user, or one who is not who the request is from, gets a password that nobody has.
  $var(password) = $sht(accounts=>$aU);
  if ($var(password) == $null || $au != $fU) { $var(password) = "${randomBytes(16).toString('hex')}"; }
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("$td", "$var(password)", "0")) { www_challenge("$td", "1"); exit; }
    consume_credentials();
    fix_nated_register();
    if (!save("location")) { sl_reply_error(); }
    xlog("L_ERR", "${mark}|registered|$rm|${fields('200', 'Digest')}\\n");
    exit;
  }
  if (is_method("INVITE")) {
${
  challengeInvites
    ? `    if (!pv_proxy_authenticate("$fd", "$var(password)", "0")) { proxy_challenge("$fd", "1"); exit; }
    consume_credentials();`
    : ''
}
    record_route();
  }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_on_reply("WITNESS");
  if (!t_relay()) { sl_reply_error(); }
  exit;
}

onreply_route[WITNESS] {
  if (is_method("INVITE|UPDATE")) {
    if (has_body("application/sdp")) { fix_nated_sdp("2"); }
    set_contact_alias();
  }
  xlog("L_ERR", "${mark}|reply|$rm|${fields('$rs', '')}\\n");
}

event_route[core:worker-one-init] {
  xlog("L_ERR", "GATEHOUSE-READY\\n");
}
`;
}
