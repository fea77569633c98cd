/** Putting a release in: what announces it goes first, so that what is refused is refused before the rest was sent. */
import { follow, load, order, upload } from './api.js';
import { missingFiles } from './words.js';

/** `chosen`: all files of the release, or more. Resolves with what the box says in the end. */
export async function putRelease(chosen, tell) {
  const first = chosen.filter(({ name }) => /\.(release|revocations)$/.test(name));
  if (!first.some(({ name }) => name.endsWith('.release')))
    throw new Error('Choose all files of the release: the one that ends in .release is not among them.');
  const { upload: id } = await order('/api/update/uploads', { files: first.map(asExpected) });
  const path = `/api/update/uploads/${id}`;
  const giveUp = async () => await order(`${path}/give-up`, {}, { keepalive: true }).catch(() => undefined);
  const leave = () => void giveUp();
  addEventListener('pagehide', leave);
  try {
    for (const file of first) await send(path, file, tell);
    await carriedOut(`${path}/offer`, tell, 'Looking at its signature…');
    const { files } = await load(path);
    const missing = missingFiles(files, chosen);
    if (missing !== '') throw new Error(missing);
    const isHere = ({ name }) => first.some((file) => file.name === name);
    for (const { name } of files.filter((file) => !isHere(file)))
      await send(
        path,
        chosen.find((file) => file.name === name),
        tell,
      );
    return await carriedOut(`${path}/put`, tell, 'Looking at it…');
  } catch (error) {
    await giveUp();
    throw error;
  } finally {
    removeEventListener('pagehide', leave);
  }
}

const asExpected = ({ name, size }) => ({ name, bytes: size });

async function send(path, file, tell) {
  const { name } = file;
  await upload(`${path}?name=${encodeURIComponent(name)}`, file, {
    tell: (words) => tell(`${name}: ${words}`),
    taken: async () => (await load(path)).files.find((here) => here.name === name).taken,
  });
}

async function carriedOut(path, tell, meanwhile) {
  const { order: id } = await order(path);
  const { state, words } = await follow(id, (outcome) => tell(outcome.words || meanwhile));
  if (state !== 'done') throw new Error(words);
  return words;
}
