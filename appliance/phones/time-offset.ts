/** What a wall clock of an IANA time zone is ahead of UTC. */

/** Seconds east of UTC at that moment (ms since 1970), daylight saving included. Throws a RangeError for an unknown zone. */
export function timeOffsetSeconds(timeZone: string, at: number): number {
  const text = formatterOf(timeZone)
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName')?.value;
  // "GMT", "GMT+05:45", "GMT-03:30", in old years with seconds too.
  const found = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text ?? '');
  if (found === null) throw new RangeError(`time zone "${timeZone}" has the offset "${text}"`);
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = found;
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sign === '-' ? -size : size;
}

/** Ten days: nowhere do clocks change twice in less time than the month of Ramadan in Morocco. */
const stepMs = 864_000_000;

/** When the offset changes next within that time, ms since 1970, to the second; undefined when it doesn't. */
export function nextOffsetChange(timeZone: string, from: number, withinMs: number): number | undefined {
  const before = timeOffsetSeconds(timeZone, from);
  const end = from + withinMs;
  let [low, high] = [from, from];
  // A step that holds two changes would show none.
  while (high < end && timeOffsetSeconds(timeZone, high) === before) {
    [low, high] = [high, Math.min(end, high + stepMs)];
  }
  if (timeOffsetSeconds(timeZone, high) === before) return undefined;
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2);
    if (timeOffsetSeconds(timeZone, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** Making one costs a hundred times using it. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
    formatters.set(timeZone, formatter);
  }
  return formatter;
}
