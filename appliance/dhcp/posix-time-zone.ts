/** An IANA time zone as POSIX writes it, for option 100: RFC 4833, POSIX.1-2017 section 8.3. */
import { nextOffsetChange, timeOffsetSeconds } from '../phones/time-offset.ts';

const dayMs = 86_400_000;
const yearMs = 366 * dayMs;

/**
 * Offset and the yearly rule for summer time where the zone has one that lasts (`STD-1DST,M3.5.0,M10.5.0/3`), else the offset of
 * the moment alone (`STD-1`). POSIX has no names of zones; every program reads these two.
 */
export function posixTimeZone(timeZone: string, now: number): string {
  const first = nextOffsetChange(timeZone, now, yearMs);
  const second = first === undefined ? undefined : nextOffsetChange(timeZone, first, yearMs);
  const fixed = `STD${posixOffset(timeOffsetSeconds(timeZone, now))}`;
  if (first === undefined || second === undefined) return fixed;
  const changes = [first, second].map((at) => changeAt(timeZone, at));
  const [into, outOf] = changes.toSorted((a, b) => b.after - b.before - (a.after - a.before));
  if (into === undefined || outOf === undefined) return fixed;
  const starts = yearlyRule(timeZone, into);
  const ends = yearlyRule(timeZone, outOf);
  if (starts === undefined || ends === undefined) return fixed;
  const { before: standard, after: summer } = into;
  const summerOffset = summer - standard === 3600 ? '' : posixOffset(summer);
  return `STD${posixOffset(standard)}DST${summerOffset},${starts},${ends}`;
}

interface Change {
  /** ms since 1970. */
  readonly at: number;
  /** Seconds east of UTC. */
  readonly before: number;
  readonly after: number;
}

function changeAt(timeZone: string, found: number): Change {
  // What was found may be up to a second late, and clocks change on full minutes.
  const at = Math.floor(found / 60_000) * 60_000;
  return { at, before: timeOffsetSeconds(timeZone, at - 1000), after: timeOffsetSeconds(timeZone, at) };
}

/** The spelling that is right in the years after too; undefined when none is, as in Morocco, which follows the moon. */
function yearlyRule(timeZone: string, change: Change): string | undefined {
  const later = [1, 2, 3, 4, 5, 6].map((years) => {
    const from = change.at + (years * 365.2425 - 30) * dayMs;
    const found = nextOffsetChange(timeZone, from, 60 * dayMs);
    return found === undefined ? [] : rulesOf(changeAt(timeZone, found));
  });
  return rulesOf(change).find((rule) => later.every((rules) => rules.includes(rule)));
}

/**
 * Every way to write that moment by the wall clock that ends: `M3.5.0` is the last Sunday (0) of March at 2, `M4.1.6/24` the end
 * of April's first Saturday, which need not be the first Sunday's beginning.
 */
function rulesOf({ at, before }: Change): string[] {
  const local = at + before * 1000;
  return [0, 1].flatMap((daysEarlier) => {
    const date = new Date(local - daysEarlier * dayMs);
    const day = date.getUTCDate();
    const isLast = new Date(date.getTime() + 7 * dayMs).getUTCMonth() !== date.getUTCMonth();
    const weeks = isLast ? [5, Math.ceil(day / 7)] : [Math.ceil(day / 7)];
    const seconds = Math.floor((local % dayMs) / 1000) + (daysEarlier * dayMs) / 1000;
    const time = seconds === 7200 ? '' : `/${clock(seconds)}`;
    return weeks.map((week) => `M${date.getUTCMonth() + 1}.${week}.${date.getUTCDay()}${time}`);
  });
}

/** West of Greenwich is positive here. */
function posixOffset(seconds: number): string {
  return `${seconds > 0 ? '-' : ''}${clock(Math.abs(seconds))}`;
}

/** Hours, with minutes where there are some. */
function clock(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return minutes === 0 ? String(hours) : `${hours}:${String(minutes).padStart(2, '0')}`;
}
