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
