/** Asking the box. */

/** Who may not read any more, because the session is over, is led to sign in. */
export async function load(path) {
  const answer = await fetch(path, { headers: { accept: 'application/json' } });
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return await answer.json();
}

/** An order; what keeps the box from obeying is said in its own words. */
export async function order(path, words = {}) {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(words) }).catch(
    () => undefined,
  );
  if (answer?.ok) return await answer.json();
  const { error } = (await answer?.json().catch(() => undefined)) ?? {};
  throw new Error(error?.message ?? 'The box could not be asked.');
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

const pieceBytes = 4 * 2 ** 20;

/** A file, piece by piece: each is a request of its own, so that a slow line is no slow request. */
export async function upload(path, file, tell) {
  // No piece of it would come, and what was uploaded before would be taken for it.
  if (file.size === 0) throw new Error('The file is empty.');
  for (let offset = 0; offset < file.size; offset += pieceBytes) {
    const headers = { accept: 'application/json', 'content-type': 'application/octet-stream' };
    const body = file.slice(offset, offset + pieceBytes);
    const answer = await fetch(`${path}?offset=${offset}`, { method: 'POST', headers, body }).catch(
      () => undefined,
    );
    if (!answer?.ok) {
      const { error } = (await answer?.json().catch(() => undefined)) ?? {};
      throw new Error(error?.message ?? 'The file could not be uploaded.');
    }
    tell(`Uploading, ${Math.round(Math.min(1, (offset + pieceBytes) / file.size) * 100)} %`);
  }
}
