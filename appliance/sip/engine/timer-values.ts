/** RFC 3261 table 4, in milliseconds. */

/** Round trip estimate. */
export const t1 = 500;
/** Longest pause between repetitions. */
export const t2 = 4000;
/** How long a message may stay in the network. */
export const t4 = 5000;
