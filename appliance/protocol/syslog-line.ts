/**
 * What devices send to a syslog server, read loosely: as RFC 5424 or RFC 3164 where it looks like one of them, else as it stands.
 * Clocks of phones are wrong while they start, so their timestamps are left out.
 */

export interface SyslogLine {
  /** 0 (emergency) to 7 (debug); notice where the message has no priority of its own (RFC 3164 section 4.3.3). */
  readonly severity: number;
  /** One line: host and program, as far as they are named, and the sentence. */
  readonly text: string;
}

/** RFC 5424 section 6.2.1. */
export const severities = [
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'info',
  'debug',
] as const;

const notice = 5;
const highestPriority = 191;
/** Characters. */
const longestText = 1000;

const priorityMark = /^<(\d{1,3})>/;
/** Version, time, host, program, process, kind of message, structured data. */
const header5424 = /^1 (?:\S+) (\S+) (\S+) (?:\S+) (?:\S+) (?:-|(?:\[(?:[^\]\\]|\\.)*\])+)(?: |$)/s;
const time3164 = /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? /;

/** Undefined: nothing in it can be read. Never throws. */
export function readSyslogLine(bytes: Uint8Array): SyslogLine | undefined {
  const message = new TextDecoder().decode(bytes);
  const [mark, digits] = priorityMark.exec(message) ?? ['', ''];
  const priority = Number(digits);
  const isOne = mark !== '' && priority <= highestPriority;
  const text = oneLine(sentence(isOne ? message.slice(mark.length) : message));
  return text === '' ? undefined : { severity: isOne ? priority % 8 : notice, text };
}

function sentence(message: string): string {
  const header = header5424.exec(message);
  if (header === null) return message.replace(time3164, '');
  const [whole, host, program] = header;
  const named = [host, program].filter((word) => word !== '-').join(' ');
  const said = message.slice(whole.length).replace(/^\uFEFF/, '');
  return named === '' ? said : `${named}: ${said}`;
}

function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, longestText);
}
