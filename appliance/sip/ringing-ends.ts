/** The far ends that ring for one call: to its caller each that describes its media is a dialog of its own (RFC 3261 section 12.1). */
import { headerValue, tagOf } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import { newTag } from './engine/compose.ts';
import { branchOf } from './reliability.ts';
import type { Received } from './srf.ts';

export interface RingingEnd {
  readonly tag: string;
  /** By which a request is for this one. */
  readonly to: SipHeader;
  /** With it, and the caller's that it is told in. */
  dialogId: string | undefined;
  callerDialog: string | undefined;
  /** Ours in that; undefined: the first one's, which all share that describe nothing. */
  ourTag: string | undefined;
  /** The description that it gave for good: its 2xx needs to have none any more. */
  given: Received | undefined;
  /** The caller has that for good. */
  isAgreed: boolean;
  /** The two have agreed on something else since. */
  isChanged: boolean;
  /** What it has said last of its media. */
  heard: string | undefined;
}

/** Whoever said last what its media are has them for the moment. */
export class RingingEnds {
  readonly #ends = new Map<string, RingingEnd>();
  #first: RingingEnd | undefined;

  get isAgreed(): boolean {
    return this.#ends.values().some(({ isAgreed }) => isAgreed);
  }

  of(response: Pick<Received, 'headers' | 'dialogId'>): RingingEnd {
    const tag = branchOf(response);
    const end = this.#ends.get(tag) ?? newEnd(tag, headerValue(response, 'To') ?? '');
    end.dialogId = response.dialogId;
    // The one that rang last is the last one.
    this.#ends.delete(tag);
    this.#ends.set(tag, end);
    return end;
  }

  /** The caller hears of its media, and of those of no other in that dialog: what it hears there first holds (section 13.2.1). */
  describes(end: RingingEnd): void {
    this.#first ??= end;
    if (this.#first !== end) end.ourTag ??= newTag();
  }

  /** Whom the caller means in a dialog of its own. */
  meantIn(callerDialog: string): RingingEnd | undefined {
    const all = Array.from(this.#ends.values()).filter((end) => end.callerDialog === callerDialog);
    return all.find(({ isAgreed }) => isAgreed) ?? all.at(-1);
  }

  /** Who asks in that dialog. */
  asking(dialogId: string, from: { readonly headers: readonly SipHeader[] }): RingingEnd | undefined {
    const end = this.#ends.get(tagOf(headerValue(from, 'From') ?? '') ?? '');
    return end?.dialogId === dialogId ? end : undefined;
  }
}

function newEnd(tag: string, to: string): RingingEnd {
  return {
    tag,
    to: { name: 'To', value: to },
    dialogId: undefined,
    callerDialog: undefined,
    ourTag: undefined,
    given: undefined,
    isAgreed: false,
    isChanged: false,
    heard: undefined,
  };
}
