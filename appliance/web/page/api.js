/** Asking the box. */

/** Who may not read any more, because the session is over, is led to sign in; typed words wait until he has, in another tab. */
export async function load(path) {
  const answer = await fetch(path, { headers: { accept: 'application/json' } });
  const over = document.getElementById('session-over');
  if (answer.status === 401 && (over === null || ![...document.forms].some(isTyped))) location.reload();
  if (over !== null) over.hidden = answer.status !== 401;
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return await answer.json();
}

function isTyped({ elements }) {
  return [...elements].some(
    ({ defaultValue, files, type, value }) =>
      files?.length > 0 || (type !== 'file' && defaultValue !== undefined && value !== defaultValue),
  );
}

/** Where there is somebody to sign out. */
export function onSignOut() {
  document.getElementById('sign-out')?.addEventListener('click', () => {
    void order('/api/sign-out').finally(() => location.reload());
  });
}

/** An order; what keeps the box from obeying is said in its own words. `how`: what else the browser is told of the request. */
export async function order(path, words = {}, how = {}) {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  const body = JSON.stringify(words);
  const answer = await fetch(path, { method: 'POST', headers, body, ...how }).catch(() => undefined);
  if (answer?.ok) return await answer.json();
  throw new Error((await refusalIn(answer))?.message ?? 'The box could not be asked.');
}

async function refusalIn(answer) {
  const { error } = (await answer?.json().catch(() => undefined)) ?? {};
  return error;
}

const nobodyOfRoot = 'Nobody has carried it out: is gatehouse-orders.path running?';

/** What comes of an order, told as it goes; resolves with its end. `nobody`: what to say when nobody begins it. */
export async function follow(id, tell = () => undefined, nobody = nobodyOfRoot) {
  const giveUpAt = Date.now() + 150_000;
  for (;;) {
    const outcome = await load(`/api/orders/${id}`).catch(() => undefined);
    if (outcome !== undefined) tell(outcome);
    if (['done', 'refused', 'failed'].includes(outcome?.state)) return outcome;
    if (Date.now() > giveUpAt && outcome?.state !== 'running') return { state: 'failed', words: nobody };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const mostPieceBytes = 4 * 2 ** 20;
const fewestPieceBytes = 2 ** 18;
const mostTries = 30;
const waitMs = 2000;

/**
 * A file, piece by piece: each is a request of its own, so that a slow line is no slow request. `taken`, where there is such a way,
 * asks how much of it is there: the upload goes on from there when the line was down, for a minute, in smaller pieces.
 */
export async function upload(path, file, { tell, taken }) {
  // No piece of it would come, and what was uploaded before would be taken for it.
  if (file.size === 0) throw new Error('The file is empty.');
  const url = new URL(path, location.href);
  let [offset, size, tries] = [0, mostPieceBytes, 0];
  while (offset < file.size) {
    url.searchParams.set('offset', offset);
    const answer = await sendPiece(url, file.slice(offset, offset + size));
    if (answer?.ok) {
      [offset, tries] = [offset + size, 0];
      tell(`Uploading, ${Math.round(Math.min(1, offset / file.size) * 100)} %`);
      continue;
    }
    const error = await refusalIn(answer);
    tries += 1;
    if (taken === undefined || tries > mostTries || !isOfTheLine(answer, error))
      throw new Error(error?.message ?? 'The file could not be uploaded.');
    tell('The line is down, it goes on when it is back…');
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    size = Math.max(fewestPieceBytes, size / 2);
    offset = await taken().catch(() => offset);
  }
}

async function sendPiece(url, body) {
  const headers = { accept: 'application/json', 'content-type': 'application/octet-stream' };
  return await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
}

/** Nothing came, not all of it, or it came and nobody heard that it had. */
function isOfTheLine(answer, error) {
  return (
    answer === undefined || answer.status === 408 || ['busy', 'gone', 'wrong_offset'].includes(error?.code)
  );
}
