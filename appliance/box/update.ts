/** Orders about updates. What needs disks or network is done by units of its own, which are only started here. */
import { systemctl } from '../net/systemctl.ts';
import { openStore, type Store } from '../store/store.ts';
import { readUpdateFacts, saveUpdateFacts } from '../store/update-facts.ts';
import { thisImage } from '../update/image.ts';
import { olderMs } from '../update/needs.ts';
import type { Box, OrderEnd, OrderHandler } from './orders.ts';

/** `update.look`: fetches what is announced. */
export const lookForUpdate: OrderHandler = async (_words, box) => {
  const refused = notHere() ?? (box.config.update.url === undefined ? noUrl : undefined);
  if (refused !== undefined) return refused;
  await systemctl('start', '--no-block', 'gatehouse-update-fetch.service');
  return {
    state: 'done',
    words: 'The box looks for a release now; what it finds stands above in a minute or some.',
  };
};

const noUrl: OrderEnd = {
  state: 'refused',
  words: 'update.url in the settings says where releases come from: it says nothing',
};

/** `update.apply`: installs the release with this `version`, which must lie ready; `now`: not in the window, and whoever talks. */
export const applyUpdate: OrderHandler = async ({ version, now }, box) => {
  const refused = notHere();
  if (refused !== undefined) return refused;
  using store = boxStore(box);
  const { staged } = readUpdateFacts(store.db);
  if (staged === undefined || staged.version !== version)
    return { state: 'refused', words: 'this release does not lie ready any more' };
  const ordered = { version, isNow: now === true, at: box.clock.now() };
  await store.write((tx) => saveUpdateFacts(tx, { ordered }));
  await systemctl('start', '--no-block', 'gatehouse-update.service');
  return {
    state: 'done',
    words: ordered.isNow ? 'The box restarts in a minute.' : 'It is installed in the window.',
  };
};

/** `update.allow-older`: for an hour an older release is taken too, from wherever it comes; never one below the floor. */
export const allowOlder: OrderHandler = async (_words, box) => {
  const refused = notHere();
  if (refused !== undefined) return refused;
  using store = boxStore(box);
  await store.write((tx) => saveUpdateFacts(tx, { olderUntil: box.clock.now() + olderMs }));
  return { state: 'done', words: 'For an hour an older release is taken too.' };
};

export const noImage: OrderEnd = {
  state: 'refused',
  words: 'this machine does not run an image: new releases come as packages',
};

function notHere(): OrderEnd | undefined {
  return thisImage() === undefined ? noImage : undefined;
}

function boxStore({ config, clock }: Box): Store {
  return openStore({ directory: config.site.state_directory, part: 'box', clock });
}
