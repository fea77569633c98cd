/** A syslog message, RFC 5424 section 6: header, one element of structured data, and a sentence. */

export interface SyslogMessage {
  /** Section 6.2.1: facility 0 to 23, severity 0 to 7. */
  readonly facility: number;
  readonly severity: number;
  /** ms since 1970. */
  readonly at: number;
  readonly host: string;
  readonly application: string;
  /** What kind of message it is. */
  readonly id: string;
  /** Names are ours; values may be anybody's. */
  readonly data: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Of RFC 5612: for documentation and for those who have none of their own. */
const enterprise = 32473;

export function formatSyslog(message: SyslogMessage): string {
  const { facility, severity, at, host, application, id, data, text } = message;
  const values = Object.entries(data).map(([name, value]) => ` ${name}="${escaped(value)}"`);
  const header = [
    `<${facility * 8 + severity}>1`,
    new Date(at).toISOString(),
    word(host, 255),
    word(application, 48),
    '-',
    word(id, 32),
  ];
  // The byte order mark says that the sentence is UTF-8 (section 6.4).
  return `${header.join(' ')} [gatehouse@${enterprise}${values.join('')}] \uFEFF${oneLine(text)}`;
}

function word(value: string, most: number): string {
  return value.replaceAll(/[^\x21-\x7e]/g, '').slice(0, most) || '-';
}

/** Section 6.3.3. */
function escaped(value: string): string {
  return oneLine(value).replaceAll(/["\\\]]/g, String.raw`\$&`);
}

function oneLine(value: string): string {
  return value.replaceAll(/\p{Cc}+/gu, ' ').trim();
}
