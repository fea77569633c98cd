/** Keys of the office's terminal: one letter for the order, digits for what it is about. */
import { emitKeypressEvents, type Key } from 'node:readline';
import type { Orders } from './orders.ts';

/** The order, and the digits that it asks for. */
const keys: Readonly<Record<string, { readonly order: string; readonly asks: readonly string[] }>> = {
  x: { order: 'cut', asks: [] },
  r: { order: 'restore', asks: [] },
  p: { order: 'power', asks: ['phone'] },
  m: { order: 'move', asks: ['phone', 'to port'] },
  d: { order: 'call', asks: ['phone'] },
  k: { order: 'kill', asks: [] },
  q: { order: 'stop', asks: [] },
};

const help =
  'x cut internet   r restore it   p power-cycle a phone   m move a phone   d dial from a phone   k kill -9 the box   q quit';

export interface Keys extends Disposable {
  /** What stands below the table: the keys, and the last answer or what is asked for. */
  lines(): string[];
}

/** Without a terminal on standard input nothing is listened to. */
export function listenToKeys(orders: Orders): Keys {
  const input = process.stdin;
  if (!input.isTTY) return { lines: () => [], [Symbol.dispose]: () => {} };
  let pending: string[] = [];
  let message = '';
  const give = (words: readonly string[]) => {
    message = `${words.join(' ')} …`;
    void orders.give(words).then(
      (text) => (message = text),
      (error: unknown) =>
        (message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)),
    );
  };
  const onKey = (text: string | undefined, pressed: Key) => {
    if (pressed.ctrl === true && pressed.name === 'c') return give(['stop']);
    if (pressed.name === 'escape') {
      pending = [];
      message = '';
      return;
    }
    const isAwaited = pending.length === 0 ? text !== undefined && text in keys : /^\d$/.test(text ?? '');
    if (!isAwaited || text === undefined) return;
    pending.push(text);
    const [letter = '', ...digits] = pending;
    const { order, asks } = keys[letter] ?? { order: '', asks: [] };
    if (digits.length < asks.length) {
      message = `${[order, ...digits].join(' ')}: ${asks[digits.length]}? (Esc: never mind)`;
      return;
    }
    pending = [];
    give([order, ...digits]);
  };
  emitKeypressEvents(input);
  input.setRawMode(true);
  input.on('keypress', onKey);
  input.resume();
  return {
    lines: () => [help, message],
    [Symbol.dispose]: () => {
      input.off('keypress', onKey);
      input.setRawMode(false);
      input.pause();
    },
  };
}
