/** `gatehouse calls`: the last calls and why they ended; `calls ID`: one of them, or of a failed registration, with its messages. */
import { writeFileSync } from 'node:fs';
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { callWords } from '../store/call-words.ts';
import { readCalls, type Call } from '../store/calls.ts';
import { readCallDetail, readRegistrationDetail, type LadderDetail } from '../store/ladder-detail.ts';
import { ladderPcap } from '../store/ladder-pcap.ts';
import type { LadderMessage } from '../store/ladders.ts';
import { readFacts } from '../store/phones.ts';
import { readSipView, type SipView } from '../store/sip-view.ts';
import { requireReadable } from './state-directory.ts';
import { failureLine } from './status-sip.ts';
import { ago, formatTable, plainText } from './table.ts';

const callsShown = 30;

export async function callsCommand(call: CommandCall): Promise<number> {
  const { configFile, json, pcap, rest, out } = call;
  const [id] = rest;
  if (rest.length > 1 || (pcap !== undefined && id === undefined)) {
    out('usage: gatehouse calls [ID [--pcap FILE]] [--config FILE] [--json]');
    return 2;
  }
  const { state_directory: directory } = readConfig(configFile).site;
  requireReadable(directory);
  if (id !== undefined) {
    return oneCall(readCallDetail(directory, id) ?? readRegistrationDetail(directory, id), call);
  }
  const now = Date.now();
  const calls = readFacts(directory, 'sip', (db) => readCalls(db, callsShown));
  const sip = readSipView(directory, now);
  if (json) out(JSON.stringify({ calls: calls.map(withWords), ...sip }));
  else for (const line of formatCalls(calls, sip, now)) out(line);
  return 0;
}

function oneCall(
  found: LadderDetail | undefined,
  { json, pcap, out }: Pick<CommandCall, 'json' | 'pcap' | 'out'>,
): number {
  if (found === undefined) {
    out(json ? 'null' : 'Nothing is known of that; `gatehouse calls` lists what there is.');
    return 1;
  }
  if (pcap !== undefined) {
    // It names who called whom.
    writeFileSync(pcap, ladderPcap(found.ladder), { mode: 0o600 });
    out(`${found.ladder.messages.length} messages written; TCP and TLS stand there as UDP, decrypted.`);
  } else if (json) out(JSON.stringify(asJson(found)));
  else for (const line of formatLadder(found)) out(line);
  return 0;
}

function withWords(call: Call) {
  return call.reason === undefined ? call : { ...call, words: callWords(call.reason) };
}

function asJson({ ladder, ...rest }: LadderDetail) {
  const messages = ladder.messages.map(({ bytes, ...message }) => ({
    ...message,
    text: Buffer.from(bytes).toString(),
  }));
  return { ...rest, ladder: { ...ladder, messages } };
}

export function formatCalls(calls: readonly Call[], { failures }: SipView, now: number): string[] {
  const rows = calls.map((call) => [
    ago(call.startedAt, now),
    call.direction,
    call.from,
    call.to,
    call.state,
    call.id,
    call.reason === undefined ? '-' : callWords(call.reason).what,
  ]);
  const header = ['BEGAN', 'DIRECTION', 'FROM', 'TO', 'STATE', 'ID', 'WHY IT ENDED'];
  const table = calls.length === 0 ? ['There were no calls yet.'] : formatTable([header, ...rows]);
  const registrations = failures.filter(({ kind }) => kind === 'registration');
  if (registrations.length === 0) return table;
  return [...table, '', ...registrations.map((failure) => failureLine(failure, now))];
}

export function formatLadder({ call, ladder, registration, words }: LadderDetail): string[] {
  const what = call
    ? `Call ${call.from} to ${call.to}, ${call.state}`
    : `Registration of ${registration?.aor}`;
  const { messages, leftOut } = ladder;
  return [
    what,
    ...(words === undefined ? [] : [words.what]),
    ...(words?.advice === undefined ? [] : [words.advice]),
    '',
    ...(messages.length === 0 ? ['No messages of it are kept.'] : messages.flatMap(messageLines)),
    ...(leftOut === 0 ? [] : [`${leftOut} messages more were left out.`]),
  ].map(plainText);
}

function messageLines({ at, bytes, isSent, party, remote, transport }: LadderMessage): string[] {
  const other = `${party} ${remote}`;
  const way = isSent ? `box > ${other}` : `${other} > box`;
  const time = new Date(Math.floor(at / 1000)).toISOString().slice(11, 23);
  const lines = Buffer.from(bytes).toString().trimEnd().split('\r\n');
  return [`${time} ${way} (${transport})`, ...lines.map((line) => `    ${line}`), ''];
}
