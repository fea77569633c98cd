/** Bindings found by what is asked for with every request, however many there are. */
import type { BindingRow } from '../store/bindings.ts';

export interface BindingIndex {
  find(key: string): BindingRow[];
  /** `before`: what it replaces. */
  put(row: BindingRow, before: BindingRow | undefined): void;
  remove(row: BindingRow): void;
}

export function newBindingIndex(keyOf: (row: BindingRow) => string): BindingIndex {
  const byKey = new Map<string, Map<string, BindingRow>>();
  const remove = (row: BindingRow) => {
    const key = keyOf(row);
    const rows = byKey.get(key);
    rows?.delete(row.token);
    if (rows?.size === 0) byKey.delete(key);
  };
  return {
    find: (key) => Array.from(byKey.get(key)?.values() ?? []),
    put: (row, before) => {
      if (before !== undefined && keyOf(before) !== keyOf(row)) remove(before);
      const key = keyOf(row);
      const rows = byKey.get(key);
      if (rows === undefined) byKey.set(key, new Map([[row.token, row]]));
      else rows.set(row.token, row);
    },
    remove,
  };
}
