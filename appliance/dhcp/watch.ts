/** Watches the phones' networks for other DHCP servers, each card by itself. */
import { watchedCards } from '../config/networks.ts';
import { keepCards } from '../store/other-servers.ts';
import { startCardWatch, type CardWatch, type WatchNeeds } from './card-watch.ts';
import type { SocketSource } from './socket.ts';

export interface Watch extends AsyncDisposable {
  /** Another server answers on this card, or may yet, and the settings don't say that we come first: nothing is offered. */
  holdsBack(card: string): boolean;
  problem(): string | undefined;
}

/** Rejects when the database can't be written, or a socket was handed over that can't be used. */
export async function startWatch(needs: WatchNeeds, openSocket: SocketSource['client']): Promise<Watch> {
  const cards = watchedCards(needs.config);
  await needs.store.write(({ db }) => keepCards(db, [...cards.keys()]));
  await using opening = new AsyncDisposableStack();
  const watches = new Map<string, CardWatch>();
  for (const [card, known] of cards) {
    const socket = await openSocket(card);
    watches.set(card, opening.use(startCardWatch(needs, { card, known, socket })));
  }
  const opened = opening.move();
  return {
    holdsBack: (card) => watches.get(card)?.holdsBack() ?? false,
    problem: () =>
      Array.from(watches.values(), (watch) => watch.problem()).find((problem) => problem !== undefined),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
