/** In which order an emergency call tries who could take it. Pure. */

/** `everybody`: each phone here that can be rung. */
export type Way = 'cloud' | 'gateway' | 'attendants' | 'everybody';

/** `away`: known not to answer at the moment. `none`: there is no such thing for this call. */
export type WayState = 'there' | 'away' | 'none';

export interface Ways extends Readonly<Record<Way, WayState>> {
  /** Its phone calls so often that only people here are bothered with more of it. */
  readonly isSlowed: boolean;
  /** There is no media relay: what is on this network is heard, and what is outside may be silent. */
  readonly isDirect: boolean;
}

export function orderOfWays({ isSlowed, isDirect, ...states }: Ways): Way[] {
  const outside: Way[] = isDirect ? ['gateway', 'cloud'] : ['cloud', 'gateway'];
  const order: Way[] = isSlowed
    ? ['attendants', 'everybody', ...outside]
    : [...outside, 'attendants', 'everybody'];
  const there = order.filter((way) => states[way] === 'there');
  const away = order.filter((way) => states[way] === 'away');
  // What was thought to be away may be back, but nobody shall hear silence at the end.
  const last = away.length > 0 ? there.filter((way) => way === 'everybody') : [];
  return [...there, ...away, ...last];
}
