/** The settings of the box: read, checked, changed, and files put in that they name. */
import { follow, load, onSignOut, order } from './api.js';
import { byId, element, fill } from './elements.js';
import { onSubmit } from './form.js';
import { openTemplates } from './templates.js';
import { callsAtStake, count, duration, plain } from './words.js';

const area = byId('settings').elements.toml;
/** Says what the text was made of. */
let read = '';
/** As it stands on the box. */
let saved = '';

async function loadSettings() {
  const { toml, read: mark, file, names } = await load('/api/settings');
  // What is typed from here on is told from what was there.
  area.defaultValue = toml;
  area.value = toml;
  saved = area.value;
  read = mark;
  byId('settings-file').textContent = plain(file);
  fill(
    byId('file-names'),
    names.map((name) => {
      const option = element('option');
      option.value = name;
      return option;
    }),
  );
  tellLine();
}

/** Whoever saves while people talk knows it; a page that can't say how many do asks nothing. */
async function mayDisturb() {
  const { sip } = await load('/api/status').catch(() => ({ sip: { up: 0, ringing: 0 } }));
  const stake = callsAtStake(sip);
  return stake === '' || confirm(`${stake} Save and use the settings now?`);
}

async function carriedOut(path, words, tell) {
  const { order: id } = await order(path, words);
  const { state, words: said } = await follow(id, (outcome) => tell(outcome.words || 'One moment…'));
  if (state !== 'done') throw new Error(said);
  return said;
}

onSubmit('settings', async ({ toml, pressed }, tell) => {
  if (pressed === 'load') {
    await loadSettings();
    return 'These are the settings of the box.';
  }
  if (pressed === 'check') return await leadingToLine(carriedOut('/api/settings/check', { toml }, tell));
  if (!(await mayDisturb())) return 'Nothing was changed.';
  const said = await leadingToLine(carriedOut('/api/settings', { toml, read }, tell));
  // The page is one of the parts that start anew.
  await loadSettings().catch(() => undefined);
  return said;
});

onSubmit('file', async ({ key, name, file, secret }, tell) => {
  const text = file?.size > 0 ? await file.text() : secret;
  if (!text) throw new Error('Choose a file, or write what is in it.');
  const said = await carriedOut('/api/settings/file', { key, name, text }, tell);
  byId('file').reset();
  return said;
});

onSubmit('confirm', async (_words, tell) => await carriedOut('/api/network/confirm', {}, tell));

/** The first line that is named in what was wrong is chosen: focus comes here then, and the reader sees it. */
async function leadingToLine(work) {
  try {
    return await work;
  } catch (error) {
    const [, line] = /\bline (\d+)\b/.exec(error.message) ?? [];
    if (line !== undefined) chooseLine(Number(line));
    throw error;
  }
}

function chooseLine(line) {
  const lines = area.value.split('\n');
  const from = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
  area.setSelectionRange(from, from + (lines[line - 1] ?? '').length);
  area.scrollTop = ((line - 5) / lines.length) * area.scrollHeight;
  tellLine();
}

/** Problems are named by their line. */
function tellLine() {
  const before = area.value.slice(0, area.selectionStart);
  const changed = area.value === saved ? '' : ' Not saved yet.';
  byId('settings-line').textContent = `Line ${before.split('\n').length}.${changed}`;
}
for (const event of ['keyup', 'click', 'input', 'focus']) area.addEventListener(event, tellLine);

addEventListener('beforeunload', (event) => {
  const { text } = byId('template').elements;
  if (area.value !== saved || text.value !== text.defaultValue) event.preventDefault();
});

async function drawNetwork() {
  const { pendingUntil } = await load('/api/network');
  byId('network').hidden = pendingUntil === undefined;
  if (pendingUntil !== undefined) byId('network-until').textContent = duration(pendingUntil - Date.now());
}

let keys = [];

async function loadKeys() {
  const { keys: known, fileKeys } = await load('/api/settings/keys');
  keys = known;
  fill(
    byId('file-key'),
    fileKeys.map((key) => {
      const option = element('option', '', key);
      option.value = key;
      return option;
    }),
  );
  drawKeys();
}

function drawKeys() {
  const words = byId('keys-search').value.toLowerCase();
  const wanted = keys.filter(({ table, key, about }) =>
    `${table} ${key} ${about}`.toLowerCase().includes(words),
  );
  const open = new Set(
    [...document.querySelectorAll('#key-rows details[open]')].map(({ dataset }) => dataset.table),
  );
  const tables = Map.groupBy(wanted, ({ table }) => table);
  fill(
    byId('key-rows'),
    [...tables].map(([table, rows]) => tableOfKeys(table, rows, words !== '' || open.has(table))),
  );
}

function tableOfKeys(table, rows, isOpen) {
  const keysOf = rows.flatMap(({ key, about, form }) => [
    element('dt', '', element('code', '', `${table} ${key}`)),
    element('dd', '', about, element('span', 'muted', ` (${form})`)),
  ]);
  const summary = element(
    'summary',
    '',
    element('code', '', table),
    element('span', 'muted', ` ${count(rows.length, 'key', 'keys')}`),
  );
  const made = element('details', '', summary, element('dl', 'keys', ...keysOf));
  made.dataset.table = table;
  made.open = isOpen;
  return made;
}
byId('keys-search').addEventListener('input', drawKeys);

onSignOut();
openTemplates(carriedOut);
void loadSettings();
void loadKeys();
void drawNetwork();
setInterval(() => void drawNetwork().catch(() => undefined), 1000);
