/** What its admin does to the box as a whole. */
import { follow, load, onSignOut, order, upload } from './api.js';
import { agoElement, byId, element, fill } from './elements.js';
import { onSubmit, requireSame } from './form.js';
import { putRelease } from './release.js';
import { count, duration, orderNames, plain } from './words.js';

onSubmit('password', async ({ current, password, again }) => {
  requireSame(password, again, 'new passwords');
  await order('/api/password', { current, password });
  byId('password').reset();
  return 'Changed. Whoever was signed in elsewhere as the admin is signed out.';
});

onSubmit('viewers', async ({ current, password, again, pressed }) => {
  if (pressed === 'set') requireSame(password, again, 'passwords');
  await order('/api/viewers', pressed === 'set' ? { current, password } : {});
  byId('viewers').reset();
  await drawViewers();
  return pressed === 'set'
    ? 'Set. Whoever was in by the one before is out.'
    : 'Nobody may look now but you, and whoever did is out.';
});

async function drawViewers() {
  const { mayLook } = await load('/api/viewers');
  byId('viewers-state').textContent = mayLook ? 'There is one now.' : 'There is none now.';
  byId('viewers-remove').hidden = !mayLook;
}

onSubmit('confirm', async () => {
  const { order: id } = await order('/api/network/confirm');
  const { state, words } = await follow(id);
  if (state !== 'done') throw new Error(words);
  return words;
});

/** On the image: what somebody who takes the disk can read. And where there is something to do about it, that. */
async function drawData() {
  const { state, said, protection } = await load('/api/data');
  byId('data').hidden = state === 'ok' && protection === undefined;
  byId('data-protection').hidden = protection === undefined;
  byId('data-protection').textContent = `The data disk is ${protection}.`;
  byId('data-repair').hidden = state === 'ok';
  if (state === 'sealed') byId('data-can-repair').remove();
  byId('data-state').textContent =
    `The data disk is ${state}${said === '' ? '' : ` (${said})`}. The box runs from memory and serves no phone.`;
}

onSubmit('data-repair', async ({ how }, tell) => {
  const { order: id } = await order(`/api/data/${how}`);
  const { state, words } = await follow(id, (outcome) => tell(outcome.words));
  if (state !== 'done') throw new Error(words);
  return words;
});

onSubmit('backup', async ({ passphrase, again }, tell) => {
  requireSame(passphrase, again, 'passphrases');
  byId('backup-file').hidden = true;
  const { order: id } = await order('/api/backup', { passphrase });
  const { state, words } = await follow(id, (outcome) => tell(outcome.words || 'Taking it…'));
  if (state !== 'done') throw new Error(words);
  byId('backup-file').hidden = false;
  byId('backup').reset();
  return words;
});

onSubmit('restore', async ({ file, passphrase, password }, tell) => {
  await upload('/api/restore/upload', file, { tell });
  const { order: id } = await order('/api/restore', { passphrase, password });
  const { state, words } = await follow(id, (outcome) => tell(outcome.words || 'Looking at it…'));
  if (state !== 'done') throw new Error(words);
  return words;
});

onSubmit('reset', async ({ password }, tell) => {
  const { order: id } = await order('/api/reset', { password });
  const { state, words } = await follow(id, (outcome) => tell(outcome.words || 'Destroying…'));
  if (state !== 'done') throw new Error(words);
  return words;
});

async function drawReset() {
  const { ledPhones } = await load('/api/reset');
  byId('reset-phones').textContent =
    ledPhones === 0
      ? ''
      : `${count(ledPhones, 'phone is', 'phones are')} led through this box and would lose the way to the cloud: first hand them back under “Ask the box”, and wait until all have left.`;
}

async function drawNetwork() {
  const { pendingUntil } = await load('/api/network');
  if (pendingUntil === undefined) return;
  byId('network').hidden = false;
  byId('network-until').textContent = duration(pendingUntil - Date.now());
}

async function drawOrders() {
  const { orders } = await load('/api/orders');
  const rows = orders.map(({ kind, state, words, beganAt }) =>
    element(
      'li',
      '',
      agoElement(beganAt),
      element('span', state === 'done' ? 'tag' : 'tag notice', state),
      element(
        'span',
        'what',
        element('span', '', orderNames[kind] ?? plain(kind)),
        element('span', 'muted', plain(words)),
      ),
    ),
  );
  fill(byId('order-rows'), rows);
  byId('order-rows').hidden = rows.length === 0;
  byId('orders-empty').hidden = rows.length > 0;
}

let ready = '';

function updateRow(tag, text, at) {
  const about = element('span', tag === 'failed' ? 'tag notice' : 'tag', tag);
  const when = at === undefined ? [] : [' ', agoElement(at)];
  return element('li', '', about, element('span', '', plain(text), ...when));
}

async function drawUpdate() {
  const { runs, url, window, automatic, staged, onTrial, last, trouble, failed } = await load('/api/update');
  const when = automatic ? `installed by itself between ${window}` : 'installed when somebody says so';
  fill(byId('update-rows'), [
    updateRow('runs', runs),
    updateRow('source', `${url ?? 'sticks and this page'}; ${when}`),
    ...(staged ? [updateRow('ready', `${staged.version}, by ${staged.source}`, staged.at)] : []),
    ...(onTrial ? [updateRow('on trial', onTrial.to, onTrial.at)] : []),
    ...(last?.outcome === 'good' ? [updateRow('good', `${last.from} → ${last.to}`, last.at)] : []),
    ...(last?.outcome === 'rolled_back'
      ? [updateRow('failed', `${last.from} → ${last.to} was taken back: ${last.reason}`, last.at)]
      : []),
    ...(trouble ? [updateRow('failed', trouble.words, trouble.at)] : []),
    ...failed.map(({ version }) => updateRow('failed', `${version} is not tried again by itself`)),
  ]);
  ready = staged?.version ?? '';
  byId('update-apply').hidden = ready === '';
}

async function carriedOut(path, words) {
  const { order: id } = await order(path, words);
  const { state, words: said } = await follow(id);
  if (state !== 'done') throw new Error(said);
  return said;
}

onSubmit('update-look', async () => await carriedOut('/api/update/look'));
onSubmit('update-put', async (_words, tell) => {
  const said = await putRelease([...byId('update-put').elements.files.files], tell);
  byId('update-put').reset();
  await drawUpdate().catch(() => undefined);
  return said;
});
onSubmit('update-older', async () => await carriedOut('/api/update/older'));
onSubmit('update-apply', async ({ now }) =>
  carriedOut('/api/update/apply', { version: ready, now: now === 'on' }),
);

onSignOut();
void drawViewers();
void drawUpdate();
void drawData();
void drawOrders();
setInterval(() => void drawUpdate().catch(() => undefined), 5000);
setInterval(() => void drawOrders().catch(() => undefined), 5000);
void drawNetwork();
void drawReset();
setInterval(() => void drawNetwork().catch(() => undefined), 1000);
