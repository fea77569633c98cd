/** Options that could not be read and that no answer needs: the client is served, and its maker's or switch's fault is shown. */
import type { JournalEntry } from '../store/journal.ts';
import type { ClientRequest } from './request.ts';

export function flawsOf({ mac, flaws }: Pick<ClientRequest, 'mac' | 'flaws'>): JournalEntry[] {
  return flaws.map(({ option, reason }) => ({ kind: 'unreadable', mac, body: { option, reason } }));
}
