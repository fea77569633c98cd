/** A call's dialogs as they are written down. Their descriptions may hold keys of its media, which must be on no disk. */
import type { KeyObject } from 'node:crypto';
import type { CallDialog } from '../store/call-dialogs.ts';
import { seal, unseal } from '../store/sealing.ts';
import type { DialogState } from './engine/dialog-state.ts';

export interface KeptDialogs {
  /** What may be written down of it. */
  text(state: DialogState): string;
  /** Without its description when the key is gone: then it can be hung up, and that is all. */
  read(row: CallDialog): DialogState;
}

/** `key` must be in memory only. */
export function newKeptDialogs(key: KeyObject): KeptDialogs {
  return {
    text: ({ description, ...state }) =>
      JSON.stringify({
        ...state,
        ...(description !== undefined && {
          description: seal(key, state.id, Buffer.from(description)).toString('base64'),
        }),
      }),
    read: (row) => {
      const { description, ...state } = JSON.parse(row.state) as DialogState;
      const plain = description === undefined ? undefined : opened(key, state.id, description);
      return { ...state, ...(plain !== undefined && { description: plain }) };
    },
  };
}

function opened(key: KeyObject, name: string, sealed: string): string | undefined {
  try {
    return unseal(key, name, Buffer.from(sealed, 'base64')).toString();
  } catch {
    // The machine was off since.
    return undefined;
  }
}
