/** An OPTIONS outside any dialog that asks for nothing but an answer, RFC 3261 section 11. */

export interface OptionsPing {
  /** `host` or `host:port` of the server. */
  readonly to: string;
  /** Without `sip:`. */
  readonly from: string;
  /** Protocol and sent-by of the Via, such as `TLS box.invalid`. */
  readonly via: string;
  /** Not to be guessed, and another one each time: it makes branch, tag and Call-ID. */
  readonly word: string;
}

export function optionsPing({ to, from, via, word }: OptionsPing): string {
  return [
    `OPTIONS sip:${to} SIP/2.0`,
    `Via: SIP/2.0/${via};rport;branch=z9hG4bK${word}`,
    'Max-Forwards: 70',
    `From: <sip:${from}>;tag=${word}`,
    `To: <sip:${to}>`,
    `Call-ID: ${word}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
