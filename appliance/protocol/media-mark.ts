/** How packets that the kernel relays are known to other rules of this machine: by the first bits of their mark. */
export const firstMark = 0x47_00_00_00;
export const markPrefix = 8;

/** As nftables writes it. */
export const mediaMark = `0x${firstMark.toString(16)}/${markPrefix}`;
