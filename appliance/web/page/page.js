/** The status page: what the API says, live. */
import { load, onSignOut, order } from './api.js';
import { addJournal, drawCalls, drawFailures } from './calls.js';
import { byId } from './elements.js';
import { openEmergencies } from './emergencies.js';
import { drawHistory } from './history.js';
import { openLadders } from './ladder.js';
import { openLeases } from './leases.js';
import { openPhones } from './phone.js';
import { drawPhones, openSearch } from './phones.js';
import { drawStatus } from './status.js';
import { ago, countdownText, duration, timesText } from './words.js';

const state = { phones: new Map(), calls: [], status: undefined };

function setConnection(name, text) {
  const shown = byId('connection');
  if (shown.dataset.state === name) return;
  shown.dataset.state = name;
  shown.textContent = text;
}

function apply({ changed, gone }) {
  for (const phone of changed) onePhone.changed(phone.mac);
  for (const phone of changed) state.phones.set(phone.mac, phone);
  for (const mac of gone) state.phones.delete(mac);
  drawPhones(state);
}

/** Without a stream (too many browsers, a proxy in between) the page asks now and then. */
async function poll() {
  try {
    const [status, { phones }, { calls }, { rows }] = await Promise.all(
      ['/api/status', '/api/phones', '/api/calls', '/api/journal'].map(load),
    );
    Object.assign(state, { status, calls, phones: new Map(phones.map((phone) => [phone.mac, phone])) });
    drawStatus(state.status);
    drawFailures(state.status.sip);
    leases.told(state.status);
    leases.changed();
    drawPhones(state);
    drawCalls(state);
    addJournal(rows);
    emergencies.changed();
    setConnection('polling', 'Every few seconds');
  } catch {
    setConnection('lost', 'No connection to the box');
  }
}

function watch() {
  const events = new EventSource('/api/events');
  const on = (name, handle) => events.addEventListener(name, ({ data }) => handle(JSON.parse(data)));
  events.addEventListener('open', () => {
    setConnection('live', 'Live');
    // The stream's first picture holds every phone: what is not in it is gone.
    state.phones.clear();
    emergencies.changed();
    void load('/api/journal').then(
      ({ rows }) => addJournal(rows),
      () => setConnection('lost', 'No connection to the box'),
    );
  });
  on('status', (status) => {
    state.status = status;
    drawStatus(state.status);
    drawFailures(state.status.sip);
    leases.told(state.status);
    drawPhones(state);
  });
  on('phones', apply);
  on('calls', ({ calls }) => {
    onePhone.changed();
    ladders.changed();
    state.calls = calls;
    drawCalls(state);
  });
  on('journal', (row) => {
    addJournal([row]);
    if (row.mac !== undefined) onePhone.changed(row.mac);
    if (row.part === 'dhcp') leases.changed();
    if (row.kind.startsWith('emergency_')) emergencies.changed();
  });
  events.addEventListener('error', () => {
    setConnection('lost', 'Connection lost, trying again');
    if (events.readyState !== EventSource.CLOSED) return;
    void poll();
    setTimeout(watch, 5000);
  });
}

/** Times that grow while nothing happens. */
function tick() {
  const now = Date.now();
  for (const shown of document.querySelectorAll('[data-ago]'))
    shown.textContent = ago(Number(shown.dataset.ago), now);
  for (const shown of document.querySelectorAll('[data-since]'))
    shown.textContent = duration(now - Number(shown.dataset.since));
  for (const shown of document.querySelectorAll('[data-until]'))
    shown.textContent = countdownText(Number(shown.dataset.until), now);
}

/** Who may sign in or out, and who may do something to the box. */
async function showAccess() {
  const { signedIn, isViewer, mayOrder, wants } = await load('/api/access');
  // Whoever may order nothing sees no button for it.
  document.body.classList.toggle('looking', !mayOrder);
  byId('sign-out').hidden = !signedIn && !isViewer;
  byId('pages').hidden = !signedIn;
  byId('to-sign-in').hidden = signedIn || isViewer || wants !== 'sign-in';
  byId('to-set-up').hidden = signedIn || wants !== 'set-up';
}

onSignOut();
void showAccess().catch(() => undefined);

byId('times').textContent = timesText(new Date());
openSearch(state);
const onePhone = openPhones(load, order);
const leases = openLeases(load);
const emergencies = openEmergencies(load);
const ladders = openLadders(load);
watch();
const history = () => void drawHistory(load).catch(() => undefined);
history();
setInterval(history, 60_000);
setInterval(tick, 1000);
// Requests are listed without a word in the journal.
setInterval(() => onePhone.changed(), 5000);
// Messages in a call are written without one too.
setInterval(() => ladders.changed(), 3000);
// Leases end without one.
setInterval(() => leases.changed(), 30_000);
