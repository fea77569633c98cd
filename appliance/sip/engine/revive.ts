/** A dialog whose connection broke goes on over the one that was made in its place. */
import type { Core } from './core.ts';
import type { Dialog } from './dialog.ts';

export function revive({ transport }: { transport: Pick<Core['transport'], 'again'> }, dialog: Dialog): void {
  if (dialog.flow.isOpen) return;
  const again = transport.again(dialog.flow);
  if (again?.isOpen === true) dialog.flow = again;
}
