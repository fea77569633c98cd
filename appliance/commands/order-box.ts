/** What a command orders of the box, carried out as root and here; nobody stops it but the terminal. */
import { carryOutCommand } from '../box/carry-out.ts';
import type { Box, OrderHandler } from '../box/orders.ts';

interface Ordered {
  readonly kind: string;
  readonly handler: OrderHandler;
  readonly out: (line: string) => void;
}

/** Prints how far it is and how it ended. The exit code: 0 when it is done. */
export async function orderBox(
  needs: Omit<Box, 'tell' | 'signal'>,
  { kind, handler, out }: Ordered,
): Promise<number> {
  const { signal } = new AbortController();
  const { state, words } = await carryOutCommand({ ...needs, signal }, handler, {
    kind,
    words: {},
    onTold: out,
  });
  out(words);
  return state === 'done' ? 0 : 1;
}
