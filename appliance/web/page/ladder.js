/** One call, or a registration that failed: what became of it, and its SIP messages in order. */
import { openDialog } from './dialog.js';
import { agoElement, byId, element, fill, foreign, timeElement } from './elements.js';
import { callEnds, clockTime, plain, sentence } from './words.js';

const fragment = /^#(call|registration)=([0-9a-zA-Z.-]{1,60})$/;

/** `load` fetches a path of the API as JSON. */
export function openLadders(load) {
  return openDialog('ladder', {
    read: (hash) => {
      const [, kind, id] = fragment.exec(hash) ?? [];
      return kind === undefined ? undefined : `/api/${kind}s/${id}`;
    },
    clear: () => {
      byId('ladder-title').textContent = 'Looking…';
      byId('ladder-state').textContent = '';
      byId('ladder-empty').hidden = true;
      for (const id of ['ladder-words', 'ladder-facts', 'ladder-rows']) fill(byId(id), []);
    },
    refresh: async (path, isShown) => {
      try {
        const ladder = await load(path);
        if (isShown()) draw(ladder, path);
      } catch (error) {
        if (isShown()) byId('ladder-state').textContent = reasonOf(error);
      }
    },
  });
}

function reasonOf({ message }) {
  if (message.endsWith(': 403')) return 'Messages name people: they are shown on the box itself only';
  if (message.endsWith(': 404')) return 'Nothing is known of it any more';
  return 'Not read now; trying again';
}

function draw(ladder, path) {
  const { call, registration, what, advice, messages } = ladder;
  const isGood = what === undefined || call?.isFailure === false;
  byId('ladder-title').textContent =
    call === undefined ? `Registration of ${plain(registration.aor)}` : callEnds(call);
  byId('ladder-state').textContent = call === undefined ? 'Failed' : sentence(call.state);
  byId('ladder-words').dataset.state = isGood ? 'ok' : 'notice';
  fill(byId('ladder-words'), [
    element('p', 'next', foreign(what ?? 'The call is going on.')),
    ...(advice === undefined ? [] : [element('p', '', foreign(advice))]),
  ]);
  fill(byId('ladder-facts'), facts(ladder, path));
  byId('ladder-empty').hidden = messages.length > 0;
  drawMessages(messages);
}

function facts({ call, registration, messages, leftOut }, path) {
  const download = element('a', '', 'pcap for Wireshark');
  download.href = `${path}.pcap`;
  download.download = '';
  const rows = [
    ['Began', call && agoElement(call.startedAt)],
    ['Failed', registration && agoElement(registration.at)],
    ['Phone', foreign(call?.mac ?? registration?.phone ?? 'not known')],
    ['Address', registration && foreign(`${registration.source}, ${registration.transport}`)],
    ['Registrar', registration && foreign(registration.registrar)],
    ['Answer', registration && foreign(`${registration.status} ${registration.reason}`)],
    ['As written down', call?.reason && foreign(call.reason)],
    ['Left out', leftOut > 0 ? foreign(`${leftOut} messages, since there were too many`) : undefined],
    ['Download', messages.length > 0 ? download : undefined],
  ];
  return rows
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => element('div', '', element('dt', '', name), element('dd', '', value)));
}

/** What the reader has opened stays open while more come. */
function drawMessages(messages) {
  const list = byId('ladder-rows');
  const open = new Set(
    [...list.querySelectorAll('details')].map((details) => details.open && details.dataset.at),
  );
  fill(
    list,
    messages.map((message) => messageRow(message, open)),
  );
}

function messageRow({ at, isSent, party, transport, remote, line, text }, open) {
  const other = `${plain(party)} ${plain(remote)}`;
  const way = isSent ? `box → ${other}` : `${other} → box`;
  const summary = element(
    'summary',
    '',
    timeElement(Math.floor(at), clockTime(at), 'muted'),
    element(
      'span',
      'hop',
      element('span', 'mono', foreign(line)),
      element('span', 'muted', foreign(`${way}, ${transport}`)),
    ),
  );
  const lines = text.split(/\r\n|\r|\n/).map(plain);
  const details = element('details', '', summary, element('pre', 'mono', lines.join('\n').trimEnd()));
  details.dataset.at = String(at);
  details.open = open.has(String(at));
  const row = element('li', '', details);
  row.dataset.party = party === 'cloud' ? 'cloud' : 'phone';
  return row;
}
