/** `gatehouse phone <mac>`: everything known of one phone, and what to do next; `… log <number>`: a log that it uploaded; `… syslog`; `… restart`. */
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { parseMac } from '../protocol/mac.ts';
import { severities } from '../protocol/syslog-line.ts';
import { readLogOf, readPhoneDetail, type PhoneDetail } from '../store/phone-detail.ts';
import type { PhoneLog } from '../store/phone-logs.ts';
import { phoneSyslogText, readPhoneSyslog, type PhoneSyslogLine } from '../store/phone-syslog.ts';
import type { PhoneRequest } from '../store/phone-requests.ts';
import { requestWords } from '../store/request-words.ts';
import type { Countdown } from '../store/sign-in-windows.ts';
import { restartPhone } from './phone-restart.ts';
import { requireReadable } from './state-directory.ts';
import { ago, elapsed, formatTable, plainText } from './table.ts';

export async function phoneCommand({ configFile, json, rest, out }: CommandCall): Promise<number> {
  const mac = parseMac(rest[0] ?? '');
  const logId = rest[1] === 'log' && /^\d{1,9}$/.test(rest[2] ?? '') ? Number(rest[2]) : undefined;
  const isRestart = rest[1] === 'restart';
  const isSyslog = rest[1] === 'syslog';
  if (mac === undefined || rest.length > (logId === undefined ? (isRestart || isSyslog ? 2 : 1) : 3)) {
    out('usage: gatehouse phone MAC [log NUMBER | syslog | restart] [--config FILE] [--json]');
    return 2;
  }
  const { site } = readConfig(configFile);
  requireReadable(site.state_directory);
  if (logId !== undefined) return printLog(readLogOf(site.state_directory, mac, logId), out);
  if (isSyslog) return printSyslog(readPhoneSyslog(site.state_directory, mac), { json, out });
  if (isRestart) return await restartPhone({ mac, directory: site.state_directory, site, json, out });
  const now = Date.now();
  const detail = readPhoneDetail(site.state_directory, mac, { now, site });
  if (detail === undefined) {
    out(json ? JSON.stringify({ mac, phone: null }) : `No phone ${mac} was seen here.`);
    return 1;
  }
  if (json) out(JSON.stringify(detail));
  else for (const line of formatPhone(detail, now)) out(line);
  return detail.onboarding.isGood === true && detail.phone.problem === undefined ? 0 : 1;
}

/** Nothing in it can steer the terminal. */
function printLog(text: Buffer | undefined, out: (line: string) => void): number {
  if (text === undefined) {
    out('There is no such log of this phone.');
    return 1;
  }
  for (const line of text.toString('utf8').split(/\r\n|\r|\n/)) out(plainText(line));
  return 0;
}

function printSyslog(
  lines: readonly PhoneSyslogLine[],
  { json, out }: Pick<CommandCall, 'json' | 'out'>,
): number {
  if (json) out(JSON.stringify(lines));
  else if (lines.length === 0) out('Nothing is kept that this phone said by syslog.');
  else for (const line of lines) out(plainText(phoneSyslogText(line)));
  return lines.length === 0 ? 1 : 0;
}

export function formatPhone(detail: PhoneDetail, now: number): string[] {
  const { onboarding, phone, guide } = detail;
  const name = [phone.vendorName, phone.model].filter(Boolean).join(' ') || 'Phone';
  const steps = guide?.steps.map((step, at) => `  ${at + 1}. ${step}`) ?? [];
  return [
    `Next: ${onboarding.nextStep}`,
    ...steps,
    ...(guide?.source === undefined ? [] : [`  (${guide.source})`]),
    '',
    `${name} ${phone.mac}: ${onboarding.words}`,
    ...(phone.problem === undefined || phone.problem === onboarding.words ? [] : [phone.problem]),
    ...onboarding.countdowns.map((countdown) => countdownLine(countdown, now)),
    '',
    ...formatTable(factRows(detail, now)),
    '',
    ...formatRequests(detail.requests, now),
    ...formatLogs(detail.logs, now),
    ...formatSyslog(detail.syslog, now),
    ...formatCalls(detail, now),
  ].map(plainText);
}

const countdownNames = {
  'bulk-new': 'Bulk sign-in of a new phone (72 h)',
  'bulk-signed-out': 'Bulk sign-in after the sign-out (168 h)',
  'unseen-signed-in': 'The cloud drops a signed-in phone that it has not seen (30 days)',
  'unseen-signed-out': 'The cloud drops a phone that is not signed in and that it has not seen (14 days)',
} as const satisfies Record<Countdown['kind'], string>;

const stateNotes = {
  early: ', wait an hour after onboarding first',
  open: '',
  closing: ', closing',
  over: '',
} as const satisfies Record<Countdown['state'], string>;

function countdownLine({ endsAt, kind, state }: Countdown, now: number): string {
  const left = state === 'over' ? `over since ${elapsed(now - endsAt)}` : `${elapsed(endsAt - now)} left`;
  return `${countdownNames[kind]}: ${left}${stateNotes[state]}`;
}

type Leased = NonNullable<PhoneDetail['known']['lease']>;

/** What nobody knows is left out. */
function factRows(detail: PhoneDetail, now: number): string[][] {
  const { known, languageNotes, listed, milestones, phone, wantedPosture } = detail;
  const { binding, bypass, lease } = known;
  const since = (at: number | undefined) => (at === undefined ? undefined : ago(at, now));
  const builds = listed && `minimum ${listed.minimum ?? 'not printed'}, approved ${listed.approved}`;
  const rows: [string, string | undefined][] = [
    ['Stage', phone.stage],
    [
      'Posture',
      wantedPosture === phone.posture ? phone.posture : `${phone.posture} (settings: ${wantedPosture})`,
    ],
    ['Address', phone.ip],
    ['Lease', lease && leaseText(lease, now)],
    ['Says of itself (option 60)', lease?.vendorClass],
    ...Object.entries(lease?.sent ?? {}).map(([code, text]): [string, string] => [
      `Told in option ${code}`,
      text,
    ]),
    ['Relay (option 82)', lease?.circuitId && relayText(lease)],
    ['Firmware', phone.firmware && `${phone.firmware}, ${phone.firmwareState ?? 'unknown'}`],
    ["Microsoft's list", builds],
    ['Screen language', languageNotes.join(' ')],
    ['Onboarded', since(milestones.onboardedAt)],
    ['Signed in as', milestones.account === 'onboarding' ? undefined : phone.aor],
    ['Signed in', since(milestones.signedInAt)],
    ['Signed out', since(milestones.signedOutAt)],
    ['The cloud last answered it', since(milestones.cloudSeenAt)],
    ['Registration', binding && `${binding.state}, ${binding.transport}, ${ago(binding.registeredAt, now)}`],
    ['Place', phone.place],
    [
      'Switch port',
      phone.port && `${phone.switchName ?? phone.chassis ?? '?'} ${phone.port} (${phone.placeSource ?? '?'})`,
    ],
    [
      'Restart',
      detail.restarting.last &&
        `ordered ${ago(detail.restarting.last.givenAt, now)}: ${detail.restarting.last.words}`,
    ],
    ['Order', bypass && `${bypass.kind}, given ${ago(bypass.givenAt, now)}`],
  ];
  return rows.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]]));
}

function leaseText({ ip, state, evidence, server, startedAt }: Leased, now: number): string {
  const since = ago(startedAt, now);
  if (evidence === 'informed') return `${ip}, by its own word, ${since}`;
  return `${ip}, ${state}, given ${server === undefined ? '' : `by ${server} `}${since}`;
}

function relayText({ circuitId, remoteId, giaddr }: Leased): string {
  const parts = [
    circuitId && (circuitId.text ?? circuitId.hex),
    remoteId && (remoteId.text ?? remoteId.hex),
    giaddr,
  ];
  return parts.filter(Boolean).join(', ');
}

function formatRequests(requests: readonly PhoneRequest[], now: number): string[] {
  if (requests.length === 0) return ['It has not asked here for anything.'];
  const rows = requests.map((request) => [
    ago(request.lastAt, now),
    String(request.stage),
    String(request.status),
    `${request.method} ${request.isSecure ? 'https' : 'http'} ${request.path}`,
    `${requestWords(request)}${request.count > 1 ? ` (${request.count} times)` : ''}`,
  ]);
  return formatTable([['WHEN', 'STAGE', 'STATUS', 'REQUEST', 'WHAT BECAME OF IT'], ...rows]);
}

function formatLogs(logs: readonly PhoneLog[], now: number): string[] {
  if (logs.length === 0) return [];
  const rows = logs.map(({ at, id, kept, name, sent }) => [
    String(id),
    ago(at, now),
    name,
    kept < sent ? `the last ${kept} of ${sent} bytes` : `${sent} bytes`,
  ]);
  return ['', ...formatTable([['LOG', 'WHEN', 'NAME', 'SIZE'], ...rows])];
}

function formatSyslog(lines: readonly PhoneSyslogLine[], now: number): string[] {
  if (lines.length === 0) return [];
  const rows = lines.map(({ at, severity, text }) => [ago(at, now), severities[severity] ?? '', text]);
  return ['', ...formatTable([['SYSLOG', 'SEVERITY', 'WHAT IT SAID LAST'], ...rows])];
}

function formatCalls({ calls }: PhoneDetail, now: number): string[] {
  if (calls.length === 0) return [];
  const rows = calls.map(({ direction, from, startedAt, state, to, reason = '-' }) => [
    ago(startedAt, now),
    direction,
    from,
    to,
    state,
    reason,
  ]);
  return ['', ...formatTable([['CALL', 'DIRECTION', 'FROM', 'TO', 'STATE', 'REASON'], ...rows])];
}
