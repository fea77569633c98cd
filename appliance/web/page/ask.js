/** Questions to the box, and what changes which way phones go. */
import { follow, load, onSignOut, order } from './api.js';
import { byId, element, fill } from './elements.js';
import { onSubmit } from './form.js';
import { count, duration, phoneChoice, plain } from './words.js';

let choices = new Map();

/** Lines keep their breaks; whatever else could steer shows as a dot. */
const lines = (text) => text.split('\n').map(plain).join('\n');

async function carriedOut(path, words, tell) {
  const { order: id } = await order(path, words);
  const { state, words: said, answer } = await follow(id, (outcome) => tell(outcome.words || 'One moment…'));
  const told = [said, lines(answer ?? '')].filter(Boolean).join('\n');
  if (state !== 'done') throw new Error(told);
  return { said, answer: lines(answer ?? '') };
}

onSubmit('ask', async ({ question, argument }, tell) => {
  byId('answer').hidden = true;
  const words = choices.get(question)?.length > 0 ? { question, argument } : { question };
  const { said, answer } = await carriedOut('/api/ask', words, tell);
  byId('answer').textContent = answer;
  byId('answer').hidden = answer === '';
  return said === 'Done.' ? said : { state: 'notice', words: said };
});

/** Of a list of phones in a form; throws when nobody was chosen. */
function chosen(form, all) {
  if (all === 'on') return 'all';
  const macs = [...byId(`${form}-phones`).selectedOptions].map(({ value }) => value);
  if (macs.length === 0) throw new Error('Choose phones.');
  return macs;
}

onSubmit('bypass', async ({ all, pressed }) => {
  const path = pressed === 'undo' ? '/api/bypass/undo' : '/api/bypass';
  const { words } = await order(path, { phones: chosen('bypass', all) });
  byId('bypass').reset();
  return words;
});

onSubmit('drill', async ({ all, minutes }) => {
  const { words } = await order('/api/drill', { phones: chosen('drill', all), minutes: Number(minutes) });
  byId('drill').reset();
  await draw();
  return words;
});

onSubmit('drill-end', async () => {
  const { words } = await order('/api/drill/end');
  await draw();
  return words;
});

onSubmit('numbers', async ({ file }, tell) => {
  if (file.size > 256 * 1024) throw new Error('The file is larger than 256 KiB.');
  const { answer } = await carriedOut('/api/numbers', { csv: await file.text() }, tell);
  byId('numbers').reset();
  return answer;
});

onSubmit('adopt', async ({ how, wave, macs = '' }, tell) => {
  const typed = macs.split(/[\s,;]+/).filter(Boolean);
  const phones = typed.length > 0 ? typed : how === 'plan' ? chosen('adopt') : undefined;
  const words = { how, wave: Number(wave), ...(how === 'plan' ? { phones } : {}) };
  const { answer } = await carriedOut('/api/adopt', words, tell);
  return answer;
});

function drawArgument() {
  const of = choices.get(byId('ask-question').value) ?? [];
  byId('ask-of').hidden = of.length === 0;
  fill(byId('ask-argument'), of.map(option));
}
byId('ask-question').addEventListener('change', drawArgument);

function drawAdopt() {
  const isPlan = byId('adopt-how').value === 'plan';
  byId('adopt-of').hidden = !isPlan;
  byId('adopt-macs').hidden = !isPlan;
}
byId('adopt-how').addEventListener('change', drawAdopt);

function option(value, text = value) {
  const made = element('option', '', text);
  made.value = value;
  return made;
}

async function draw() {
  const { questions, drills } = await load('/api/ask');
  choices = new Map(questions.map(({ question, choices: of }) => [question, of]));
  const isAll = drills.some(({ target }) => target === '*');
  const longest = Math.max(...drills.map(({ endsAt }) => endsAt)) - Date.now();
  byId('drill-now').textContent =
    drills.length === 0
      ? ''
      : `An outage is played for ${isAll ? 'all phones' : count(drills.length, 'phone', 'phones')}, for ${duration(longest)} more.`;
  byId('drill-end').hidden = drills.length === 0 && byId('drill-end-said').textContent === '';
}

async function loadPhones() {
  const { phones } = await load('/api/phones');
  for (const list of document.querySelectorAll('.choose-phones'))
    fill(
      list,
      phones.map((phone) => option(phone.mac, phoneChoice(phone))),
    );
}

onSignOut();
void draw().then(drawArgument);
void loadPhones();
setInterval(() => void draw().catch(() => undefined), 5000);
