/** When an update may interrupt the site. Pure. */

export interface Moment {
  /** `HH:MM-HH:MM`, by the site's clock; over midnight where it ends before it begins, all day where both are the same. */
  readonly window: string;
  /** IANA name. */
  readonly timeZone: string;
  /** ms since 1970. */
  readonly now: number;
}

export function isInWindow({ window, timeZone, now }: Moment): boolean {
  const [from = '', to = ''] = window.split('-');
  const time = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(now);
  return from < to ? time >= from && time < to : time >= from || time < to;
}

/** What goes on in the office. */
export interface Occupation {
  /** Ringing or up. */
  readonly calls: number;
  /** Of a call for help that goes on, or whose caller may be called back: ms since 1970 of the last one. */
  readonly lastHelpAt?: number;
  readonly isHelpUp: boolean;
}

/** As long a caller for help may be called back (`sip/help/callback.ts`). */
const callbackMs = 3 * 3_600_000;

/** Undefined: now. Otherwise why not, in words. `isToldNow`: a person asks for it now, whoever talks; a call for help goes on all the same. */
export function reasonToWait(
  moment: Moment,
  { calls, lastHelpAt, isHelpUp }: Occupation,
  isToldNow: boolean,
): string | undefined {
  if (isHelpUp) return 'somebody is calling for help';
  if (isToldNow) return undefined;
  if (!isInWindow(moment)) return `it waits for the window, ${moment.window}`;
  // One of the far future is of a time when the clock was wrong.
  if (lastHelpAt !== undefined && Math.abs(moment.now - lastHelpAt) < callbackMs)
    return 'somebody who called for help may be called back';
  if (calls > 0) return calls === 1 ? 'a call goes on' : `${calls} calls go on`;
  return undefined;
}
