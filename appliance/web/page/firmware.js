/** Makers' firmware: what is on the box, and what its admin does with it. */
import { follow, load, onSignOut, order, upload } from './api.js';
import { byId, element, fill, foreign } from './elements.js';
import { onSubmit } from './form.js';
import { plain } from './words.js';

const nobody = 'Nobody has carried it out: is gatehouse@provisioning running?';

async function carriedOut(path, words, tell) {
  const { order: id } = await order(path, words);
  const { state, words: said } = await follow(id, (outcome) => tell(outcome.words || 'One moment…'), nobody);
  await draw().catch(() => undefined);
  if (state !== 'done') throw new Error(said);
  return said;
}

onSubmit('add', async ({ file, model, release, sha256 }, tell) => {
  const words = { model: model.trim(), release: release.trim(), name: file.name, bytes: file.size };
  const expected = sha256?.trim();
  const { upload: id } = await order(
    '/api/firmware/uploads',
    expected ? { ...words, sha256: expected } : words,
  );
  const path = `/api/firmware/uploads/${id}`;
  try {
    await upload(path, file, { tell });
  } catch (error) {
    await order(`${path}/give-up`).catch(() => undefined);
    throw error;
  }
  const said = await carriedOut(`${path}/put`, {}, tell);
  byId('add').reset();
  return said;
});

onSubmit('remove', async ({ release }, tell) => {
  const [vendor, model, version] = JSON.parse(release);
  return await carriedOut('/api/firmware/remove', { vendor, model, version }, tell);
});

onSubmit('pause', async (_words, tell) => await carriedOut('/api/firmware/pause', {}, tell));
onSubmit('resume', async (_words, tell) => await carriedOut('/api/firmware/resume', {}, tell));

async function draw() {
  const { paused, releases, ...rules } = await load('/api/firmware');
  fill(byId('release-rows'), releases.map(releaseRow));
  byId('release-rows').hidden = releases.length === 0;
  byId('releases-empty').hidden = releases.length > 0;
  byId('rules').textContent = paused ? 'Paused: no phone is offered anything.' : ruleWords(rules);
  byId('pause').hidden = paused;
  byId('resume').hidden = !paused;
  byId('removal').hidden = releases.length === 0;
  fill(
    byId('remove-release'),
    releases.map(({ vendor, vendorName, model, version }) => {
      const option = element('option', '', plain(`${vendorName} ${model}, ${version}`));
      option.value = JSON.stringify([vendor, model, version]);
      return option;
    }),
  );
}

function ruleWords({ belowMinimum, offerUpdates, pilot }) {
  const few = `The first ${pilot} of each release come first, the others when so many have come back with it.`;
  const makes =
    'Yealink and Cisco phones are pointed to it, Poly phones before they are onboarded; nothing newer than what Microsoft approved.';
  if (belowMinimum !== 'offer' && !offerUpdates)
    return 'No phone: the settings want it neither for phones below the minimum (provisioning.below_minimum) nor for others (provisioning.offer_updates).';
  const whom = offerUpdates
    ? belowMinimum === 'offer'
      ? 'Every phone with older firmware.'
      : 'Phones with older firmware that is good enough to go on.'
    : 'Phones below the minimum of SIP Gateway.';
  return `${whom} ${few} ${makes}`;
}

function releaseRow({ vendorName, model, version, state, files, offered, updated }) {
  const isGood = files.every(({ problem }) => problem === undefined);
  return element(
    'li',
    '',
    element('strong', '', foreign(`${vendorName} ${model}, ${version} `)),
    element('span', isGood ? 'tag' : 'tag notice', isGood ? state : 'not given out'),
    element('span', 'muted', ` ${offered} phones offered, ${updated} updated`),
    element('ul', 'files', ...files.map(fileRow)),
  );
}

function fileRow({ name, size, sha256, problem }) {
  return element(
    'li',
    '',
    foreign(name),
    ` ${(size / 2 ** 20).toFixed(1)} MB`,
    problem === undefined ? '' : element('span', 'trouble', ` ${plain(problem)}`),
    sha256 === '' ? '' : element('code', 'hash', `SHA-256 ${sha256}`),
  );
}

async function drawModels() {
  const { models } = await load('/api/firmware/models');
  const byModel = new Map(models.map((row) => [row.model, row]));
  fill(
    byId('models'),
    [...byModel.values()].map(({ model, vendorName }) => {
      const option = element('option', '', vendorName);
      option.value = model;
      return option;
    }),
  );
  byId('add').addEventListener('input', () => {
    const known = byModel.get(byId('add').elements.model.value.trim());
    byId('model-note').textContent = known
      ? plain(
          `Microsoft has approved ${known.approved} for ${known.vendorName} ${known.model}; ` +
            (known.minimum ? `the minimum is ${known.minimum}.` : 'it prints no minimum.'),
        )
      : '';
  });
}

onSignOut();
void draw();
void drawModels();
setInterval(() => void draw().catch(() => undefined), 5000);
