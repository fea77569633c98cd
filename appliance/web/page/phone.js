/** One phone with all that is known of it, in a dialog of its own; its MAC is the page's fragment, so that Back closes it. */
import { openDialog } from './dialog.js';
import { agoElement, byId, element, fill, foreign, timeElement } from './elements.js';
import {
  callEnds,
  countdownName,
  countdownText,
  firmwareName,
  optionName,
  optionText,
  phoneName,
  plain,
  portName,
  uriName,
} from './words.js';

const fragment = /^#phone=([0-9a-f]{2}(?::[0-9a-f]{2}){5})$/;
let shown;

/** `load` fetches a path of the API as JSON; `order` posts there, and rejects with the box's own words. */
export function openPhones(load, order) {
  const view = openDialog('phone', {
    read: (hash) => fragment.exec(hash)?.[1],
    clear,
    refresh: async (mac, isShown) => {
      try {
        const phone = await load(`/api/phones/${mac}`);
        if (isShown()) draw(phone);
      } catch ({ message }) {
        const words = message.endsWith(': 404')
          ? 'No phone with this MAC was seen here'
          : 'Not read now; trying again';
        if (isShown()) byId('phone-state').textContent = words;
      }
    },
  });
  byId('phone-restart').addEventListener('click', () => {
    const mac = shown;
    const note = byId('phone-restart-note');
    byId('phone-restart').disabled = true;
    order(`/api/phones/${mac}/restart`).then(
      () => view.look(),
      (error) => {
        if (mac === shown) note.textContent = plain(error.message);
        byId('phone-restart').disabled = false;
      },
    );
  });
  return view;
}

function clear(mac) {
  shown = mac;
  byId('phone-title').textContent = plain(mac);
  byId('phone-state').textContent = 'Looking…';
  byId('phone-order').hidden = true;
  for (const id of [
    'phone-next',
    'phone-facts',
    'phone-requests',
    'phone-logs',
    'phone-syslog',
    'phone-calls',
  ])
    fill(byId(id), []);
}

function draw(phone) {
  const { onboarding } = phone;
  fill(byId('phone-title'), [phoneName(phone)]);
  fill(byId('phone-state'), [plain(phone.mac)]);
  byId('phone-next').dataset.state = onboarding.isGood ? 'ok' : 'notice';
  fill(byId('phone-next'), nextStep(phone));
  fill(byId('phone-facts'), facts(phone));
  drawRestart(phone.restart);
  fill(byId('phone-requests'), requestRows(phone.requests));
  fill(byId('phone-calls'), callRows(phone.calls));
  fill(byId('phone-logs'), logRows(phone));
  byId('phone-logs-title').hidden = phone.logs.length === 0;
  fill(byId('phone-syslog'), syslogRows(phone.syslog));
  byId('phone-syslog-title').hidden = phone.syslog.length === 0;
  byId('phone-syslog-all').href = `/api/phones/${phone.mac}/syslog`;
  byId('phone-calls-title').hidden = phone.calls.length === 0;
}

/** Offered only where the phone can be told; what came of the last order stays. */
function drawRestart({ isOffered, last, words }) {
  byId('phone-order').hidden = false;
  byId('phone-restart').hidden = !isOffered;
  byId('phone-restart').disabled = last?.isOpen === true;
  byId('phone-restart-note').textContent = isOffered
    ? plain(words)
    : `Can't be told to restart. ${plain(words)}`;
  const said = last && [
    agoElement(last.givenAt),
    ' ',
    element('span', last.isGood ? '' : 'trouble', plain(last.words)),
  ];
  fill(byId('phone-restart-last'), said ? ['Ordered ', ...said] : []);
}

function nextStep({ onboarding, problem }) {
  const { countdowns, nextStep: next, source, steps = [], words } = onboarding;
  return [
    element('p', 'next', foreign(next)),
    steps.length === 0
      ? undefined
      : element('ol', 'guide', ...steps.map((step) => element('li', '', foreign(step)))),
    source === undefined ? undefined : element('p', 'muted', 'As described at ', foreign(source)),
    element('p', '', foreign(words)),
    problem === undefined || problem === words ? undefined : element('p', 'trouble', foreign(problem)),
    ...countdowns.map(countdown),
  ].filter(Boolean);
}

function countdown({ endsAt, kind, state }) {
  const time = timeElement(endsAt, countdownText(endsAt, Date.now()), state === 'open' ? '' : 'pressing');
  time.dataset.until = String(endsAt);
  const note = state === 'early' ? ' (wait an hour after onboarding first)' : '';
  return element('p', 'countdown', element('span', '', countdownName(kind)), ' ', time, note);
}

/** What nobody knows is left out. */
function facts(phone) {
  const { lease, registration } = phone;
  const told = Object.entries(lease?.sent ?? {}).map(([code, text]) => [
    optionName(code),
    optionText(code, text),
  ]);
  const posture =
    phone.posture === phone.wantedPosture
      ? phone.posture
      : `${phone.posture}; settings: ${phone.wantedPosture}`;
  const rows = [
    [
      'Signed in as',
      phone.account === 'onboarding' || phone.aor === undefined ? undefined : uriName(phone.aor),
    ],
    ['Onboarded', phone.onboardedAt],
    ['Signed in', phone.signedInAt],
    ['Signed out', phone.signedOutAt],
    ['The cloud last answered it', phone.cloudSeenAt],
    ['Firmware', phone.firmware && firmwareName(phone).replace(/^Firmware /, '')],
    ["Microsoft's minimum", phone.minimumFirmware],
    ["Microsoft's approved", phone.approvedFirmware],
    ['Screen language', phone.languageNote],
    ['Posture', posture],
    ['Address', phone.ip],
    ['Lease', lease && leaseText(lease)],
    ['Says of itself (option 60)', lease?.vendorClass],
    ...told,
    ['Option 82', [lease?.circuitId, lease?.remoteId, lease?.relay].filter(Boolean).join(', ')],
    ['Registration', registration && `${registration.state} over ${registration.transport}`],
    ['Registered', registration?.registeredAt],
    ['Place', phone.place],
    ['Switch port', phone.port && portName(phone)],
    ['Ordered', phone.order && `${phone.order.kind}, ${new Date(phone.order.givenAt).toLocaleString()}`],
  ];
  return rows
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => {
      const text = typeof value === 'number' ? agoElement(value) : foreign(value);
      return element('div', '', element('dt', '', name), element('dd', '', text));
    });
}

function leaseText({ state, evidence, server, expiresAt }) {
  if (evidence === 'informed') return 'of another server: it has said so itself';
  const by = server === undefined ? '' : ` by ${plain(server)}`;
  return `${state}${by}, until ${new Date(expiresAt).toLocaleString()}`;
}

function requestRows(requests) {
  if (requests.length === 0) return [element('li', 'muted', 'It has not asked here for anything.')];
  return requests.map((request) => {
    const times = request.count > 1 ? `, ${request.count} times` : '';
    const isBad = request.status >= 400 && request.status !== 404;
    return element(
      'li',
      '',
      agoElement(request.lastAt),
      element('span', isBad ? 'tag notice' : 'tag ended', `${request.status}`),
      element(
        'span',
        'what',
        element('span', '', foreign(request.words)),
        element('span', 'mono', foreign(`${request.method} ${request.path}`)),
        element(
          'span',
          'muted',
          foreign(`Stage ${request.stage}, ${request.isSecure ? 'HTTPS' : 'HTTP'}${times}`),
        ),
      ),
    );
  });
}

function logRows({ logs, mac }) {
  return logs.map(({ at, id, kept, name, sent }) => {
    const link = element('a', '', foreign(name));
    link.href = `/api/phones/${mac}/logs/${Number(id)}`;
    link.download = '';
    const size = kept < sent ? `the last ${kept} of ${sent} bytes` : `${sent} bytes`;
    return element('li', '', agoElement(at), element('span', 'what', link, element('span', 'muted', size)));
  });
}

function syslogRows(lines) {
  return lines.map(({ at, severity, text }) => {
    const isBad = ['emergency', 'alert', 'critical', 'error'].includes(severity);
    const tag = element('span', isBad ? 'tag notice' : 'tag ended', plain(severity));
    return element(
      'li',
      '',
      agoElement(at),
      tag,
      element('span', 'what', element('span', 'mono', foreign(text))),
    );
  });
}

function callRows(calls) {
  return calls.map((call) => {
    const ends = element('a', '', foreign(callEnds(call)));
    ends.href = `#call=${call.id}`;
    return element(
      'li',
      '',
      agoElement(call.startedAt),
      element('span', 'tag ended', plain(call.direction)),
      element('span', 'what', ends, element('span', 'muted', foreign(call.what ?? ''))),
    );
  });
}
