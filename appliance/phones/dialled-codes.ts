/** Codes that people dial and nobody must read: enrolment, call forwarding. Pure. */

/**
 * `*55*123456`: what was dialled behind a feature code. Also escaped as in a SIP URI (RFC 3261 section 19.1.2), digits too.
 */
const dialledCode = /((?:[*#]|%2a|%23)(?:(?:\d|%3\d){2}|(?:\d|%3\d)(?=[*#]|%2a|%23)))[\w*#%.()!~'-]+/gi;

/** Time grows with length alone. */
export function withoutDialledCodes(text: string, mask: string): string {
  return /[*#%]/.test(text) ? text.replaceAll(dialledCode, `$1${mask}`) : text;
}
