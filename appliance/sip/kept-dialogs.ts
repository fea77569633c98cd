/** A call's legs as they are written down. Descriptions may hold keys of its media, which must be on no disk. */
import type { KeyObject } from 'node:crypto';
import type { CallDialog } from '../store/call-dialogs.ts';
import { seal, unseal } from '../store/sealing.ts';
import type { DialogState } from './engine/dialog-state.ts';

/** One leg of a call that is up. */
export interface KeptLeg {
  readonly state: DialogState;
  /** What its far end has said last of its media. */
  readonly heard?: string | undefined;
  /** Token of the phone's binding; undefined for the leg to the registrar. */
  readonly token?: string | undefined;
  readonly isEmergency: boolean;
}

export interface KeptDialogs {
  /** What may be written down of it. */
  text(leg: KeptLeg): string;
  /** Without descriptions when the key is gone: then the call can be hung up, and that is all. */
  read(row: CallDialog): KeptLeg;
}

/** Beside the fields of the dialog. */
interface Written extends DialogState {
  readonly heard?: string;
  readonly token?: string;
  readonly isEmergency?: boolean;
}

/** `key` must be in memory only. */
export function newKeptDialogs(key: KeyObject): KeptDialogs {
  const sealed = (name: string, text: string) => seal(key, name, Buffer.from(text)).toString('base64');
  return {
    text: ({ state: { description, ...state }, heard, token, isEmergency }) => {
      const written: Written = {
        ...state,
        ...(token !== undefined && { token }),
        isEmergency,
        ...(description !== undefined && { description: sealed(state.id, description) }),
        ...(heard !== undefined && { heard: sealed(heardName(state), heard) }),
      };
      return JSON.stringify(written);
    },
    read: (row) => {
      const { description, heard, token, isEmergency, ...state } = JSON.parse(row.state) as Written;
      const plain = opened(key, state.id, description);
      return {
        state: { ...state, ...(plain !== undefined && { description: plain }) },
        heard: opened(key, heardName(state), heard),
        token,
        isEmergency: isEmergency === true,
      };
    },
  };
}

function heardName({ id }: Pick<DialogState, 'id'>): string {
  return `${id} heard`;
}

function opened(key: KeyObject, name: string, sealed: string | undefined): string | undefined {
  if (sealed === undefined) return undefined;
  try {
    return unseal(key, name, Buffer.from(sealed, 'base64')).toString();
  } catch {
    // The machine was off since.
    return undefined;
  }
}
