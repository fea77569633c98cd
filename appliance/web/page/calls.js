/** Calls and the journal. */
import { agoElement, byId, element, fill, foreign, timeElement } from './elements.js';
import { qualityElement } from './quality.js';
import { callEnds, duration, fields, partNames, phoneName, plain, sentence, whenText } from './words.js';

export function drawCalls({ calls, phones }) {
  const up = calls.filter((call) => call.state === 'up').length;
  byId('calls-empty').hidden = calls.length > 0;
  byId('calls-summary').textContent = up === 0 ? '' : `${up} now`;
  fill(
    byId('call-rows'),
    calls.slice(0, 20).map((call) => callRow(call, phones)),
  );
}

function callRow(call, phones) {
  const phone = call.mac === undefined ? undefined : phones.get(call.mac);
  const who = phone === undefined ? (call.mac ?? 'A phone') : phoneName(phone);
  const ends = element('a', '', foreign(call.from === undefined ? who : callEnds(call)));
  ends.href = `#call=${call.id}`;
  const words = { ringing: 'Ringing', up: 'In a call', ended: 'Ended' };
  const length =
    call.answeredAt === undefined ? 'not answered' : duration((call.endedAt ?? Date.now()) - call.answeredAt);
  const sound =
    call.packetsFromPhone === undefined
      ? ''
      : `, ${call.packetsFromPhone} packets from the phone, ${call.packetsToPhone ?? 0} to it`;
  const line = element('p', 'muted', foreign(`${who}, ${call.direction}, `));
  const time = element('span', '', call.state === 'ringing' ? 'ringing' : length);
  if (call.state === 'up' && call.answeredAt !== undefined) time.dataset.since = String(call.answeredAt);
  line.append(time, `${sound}, `, agoElement(call.startedAt));
  return element(
    'li',
    '',
    element('span', '', ends),
    element('span', tagOf(call), call.isFailure ? 'Failed' : words[call.state]),
    line,
    call.quality === undefined ? '' : qualityElement(call.quality),
    call.what === undefined ? undefined : element('p', 'muted', foreign(call.what)),
  );
}

function tagOf({ state, isFailure }) {
  if (isFailure) return 'tag notice';
  return state === 'ended' ? 'tag ended' : 'tag call';
}

export function drawFailures({ failures }) {
  byId('failures').hidden = failures.length === 0;
  fill(byId('failure-rows'), failures.map(failureRow));
}

function failureRow({ kind, id, at, phone, what, advice }) {
  const name = kind === 'call' ? 'A call' : 'A registration';
  const link = element('a', '', foreign(phone === undefined ? name : `${name} of ${phone}`));
  link.href = `#${kind}=${id}`;
  return element(
    'li',
    '',
    agoElement(at),
    element(
      'span',
      'what',
      element('span', '', link),
      element('span', '', foreign(what)),
      advice === undefined ? undefined : element('span', 'muted', foreign(advice)),
    ),
  );
}

const journalShown = 200;
const journal = [];
const known = new Set();

/** Rows come twice when the stream and the first load overlap: part and number tell. */
export function addJournal(rows) {
  for (const row of rows) {
    const key = `${row.part} ${row.seq}`;
    if (known.has(key)) continue;
    known.add(key);
    journal.push(row);
  }
  journal.sort((a, b) => (b.at ?? 0) - (a.at ?? 0) || b.seq - a.seq);
  for (const row of journal.splice(journalShown)) known.delete(`${row.part} ${row.seq}`);
  byId('journal-empty').hidden = journal.length > 0;
  fill(byId('journal-rows'), journal.map(journalRow));
}

function journalRow(row) {
  const isGap = row.kind === 'gap';
  const text = isGap ? `Rows ${row.from} to ${row.seq} are gone: the journal was full` : sentence(row.kind);
  const times = row.count > 1 ? ` (${row.count} times)` : '';
  const details = [row.mac, fields(row.body)].filter(Boolean).join(' · ');
  const at =
    row.at === undefined ? element('time', '', '') : timeElement(row.at, whenText(row.at, Date.now()));
  const what = element('span', 'what', `${text}${times} `, element('span', 'muted', foreign(details)));
  return element('li', '', at, element('span', 'tag', partNames[row.part] ?? plain(row.part)), what);
}
