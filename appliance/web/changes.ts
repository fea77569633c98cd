/** What a watcher has not been told yet: phones one by one, calls and status as a whole. */
import type { PhoneView } from './schemas.ts';
import type { Audience } from './people.ts';
import type { Picture, Views } from './views.ts';

/** One server-sent event, before it is written out. */
export interface News {
  readonly event: 'journal' | 'phones' | 'calls' | 'status';
  readonly data: unknown;
}

/** `phones` of an event: rows to put in the place of those with the same MAC, and MACs that are no more. */
export interface PhoneChanges {
  readonly changed: readonly PhoneView[];
  readonly gone: readonly string[];
}

export interface Changes {
  /** Everything that differs from the last time this was asked, for one audience. */
  since(picture: Picture): News[];
  /** Somebody new is watching: the next answer is the whole picture. */
  forget(): void;
}

export function trackChanges(views: Pick<Views, 'calls'>, audience: Audience): Changes {
  const phones = new Map<string, string>();
  const wholes = new Map<News['event'], string>();
  const phoneChanges = (picture: Picture): PhoneChanges => {
    const present = picture.phones(audience);
    const macs = new Set(present.map(({ mac }) => mac));
    const gone = Array.from(phones.keys()).filter((mac) => !macs.has(mac));
    for (const mac of gone) phones.delete(mac);
    return { changed: present.filter((phone) => isNew(phones, phone.mac, phone)), gone };
  };
  return {
    since: (picture) => {
      const { changed, gone } = phoneChanges(picture);
      const calls = views.calls(audience);
      const { at: _at, ...status } = picture.status;
      // Parts report every second: that alone is no news.
      const steady = { ...status, parts: status.parts.map(({ reportedAt: _reportedAt, ...part }) => part) };
      return [
        ...(isNew(wholes, 'status', steady) ? [{ event: 'status', data: steady } as const] : []),
        ...(changed.length + gone.length > 0 ? [{ event: 'phones', data: { changed, gone } } as const] : []),
        ...(isNew(wholes, 'calls', calls) ? [{ event: 'calls', data: { calls } } as const] : []),
      ];
    },
    forget: () => {
      phones.clear();
      wholes.clear();
    },
  };
}

/** Remembers the value under its key. */
function isNew<K>(known: Map<K, string>, key: K, value: unknown): boolean {
  const text = JSON.stringify(value);
  const differs = known.get(key) !== text;
  known.set(key, text);
  return differs;
}
