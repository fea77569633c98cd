/** Several ranges of addresses, numbered from 0 without holes. */

/** First to last, unsigned 32-bit numbers. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

export interface AddressSpace {
  readonly size: number;
  /** Undefined for an address of none of the ranges. */
  indexOf(ip: number): number | undefined;
  addressAt(at: number): number;
}

/** What stands in two ranges is one address. */
export function addressSpace(ranges: readonly AddressRange[]): AddressSpace {
  const blocks: { first: number; last: number; base: number }[] = [];
  let size = 0;
  for (const { first, last } of ranges.toSorted((a, b) => a.first - b.first)) {
    const begin = Math.max(first, (blocks.at(-1)?.last ?? -1) + 1);
    if (begin > last) continue;
    blocks.push({ first: begin, last, base: size });
    size += last - begin + 1;
  }
  /** The last block that begins at or before the value. */
  const search = (key: 'first' | 'base', value: number) => {
    let [low, high] = [0, blocks.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((blocks[middle]?.[key] ?? 0) <= value) low = middle;
      else high = middle - 1;
    }
    return blocks[low];
  };
  return {
    size,
    indexOf: (ip) => {
      const block = search('first', ip);
      return block === undefined || ip < block.first || ip > block.last
        ? undefined
        : ip - block.first + block.base;
    },
    addressAt: (at) => {
      const block = search('base', at);
      if (block === undefined || at < 0 || at >= size) throw new RangeError(`no address has number ${at}`);
      return at - block.base + block.first;
    },
  };
}
