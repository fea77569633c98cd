/**
 * Orders about a release that comes through the page. The page is a user of its own and may put anything into its folder, also while it
 * is read: nothing of it is believed, and what lies ready is a copy that was looked at.
 */
import { uploadedRelease } from '../store/release-upload.ts';
import { openStore } from '../store/store.ts';
import { saveUpdateFacts } from '../store/update-facts.ts';
import { imageRoots, thisImage } from '../update/image.ts';
import { announcementName } from '../update/names.ts';
import type { UpdateNeeds } from '../update/needs.ts';
import { RefusedUpdateError } from '../update/refusal.ts';
import { judgeRelease, takeRelease, type Taking } from '../update/take.ts';
import type { Box, OrderEnd, OrderHandler } from './orders.ts';
import { noImage } from './update.ts';

/** Undefined: nothing is announced for this machine. */
type Work = (needs: UpdateNeeds, taking: Taking) => Promise<string | undefined>;

/** `update.offer`: judges what announces the release in this `upload`, and says which files may come. `root`: of the machine. */
export function offerRelease(root = '/'): OrderHandler {
  return async ({ upload }, box) => {
    if (typeof upload !== 'string') return { state: 'refused', words: 'the order names no upload' };
    return await withPagesRelease(box, root, async (needs, taking) => {
      const manifest = await judgeRelease(needs, taking);
      if (manifest === undefined) return undefined;
      const { version, files } = manifest;
      const expected = files.map(({ name, size }) => ({ name, bytes: size }));
      await needs.store.write((tx) => saveUpdateFacts(tx, { offered: { upload, files: expected } }));
      return `${version} is a release for this box: its files may come.`;
    });
  };
}

/** `update.put`: takes it, as from a stick. */
export function putRelease(root = '/'): OrderHandler {
  return async (_words, box) =>
    await withPagesRelease(box, root, async (needs, taking) => {
      await needs.store.write((tx) => saveUpdateFacts(tx, { offered: undefined }));
      const onFile = async (name: string) => {
        box.signal.throwIfAborted();
        await box.tell(`Looking at ${name}…`);
      };
      const manifest = await takeRelease(needs, { ...taking, onFile });
      if (manifest === undefined) return undefined;
      const { automatic, window } = box.config.update;
      return `${manifest.version} lies ready. ${automatic ? `It is installed by itself between ${window}.` : 'It is installed when somebody says so.'}`;
    });
}

async function withPagesRelease({ config, clock, log }: Box, root: string, work: Work): Promise<OrderEnd> {
  const image = thisImage(root);
  if (image === undefined) return noImage;
  using store = openStore({ directory: config.site.state_directory, part: 'box', clock });
  const needs = { config, clock, log, image, roots: imageRoots(root), store };
  const wish = { isByHand: true, isForced: false };
  const folder = uploadedRelease(config.site.state_directory);
  try {
    const words = await work(needs, { folder, source: 'page', wish });
    if (words !== undefined) return { state: 'done', words };
    return { state: 'refused', words: `no ${announcementName(image.architecture)} is among the files` };
  } catch (error) {
    if (!(error instanceof RefusedUpdateError)) throw error;
    return { state: 'refused', words: error.message };
  }
}
