/** A mail of plain text (RFC 5322), as it goes over the wire: UTF-8 in base64, so that no line is too long or begins with a dot. */

export interface MailMessage {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  /** ms since 1970. */
  readonly at: number;
  /** Unique for ever; the part before `@`. */
  readonly id: string;
  readonly text: string;
}

export function formatMail({ from, to, subject, at, id, text }: MailMessage): string {
  const encoded = Buffer.from(`${text}\r\n`).toString('base64');
  const lines = [
    `Date: ${new Date(at).toUTCString().replace('GMT', '+0000')}`,
    `From: <${from}>`,
    `To: ${to.map((address) => `<${address}>`).join(', ')}`,
    `Subject: ${encodedWords(subject)}`,
    `Message-ID: <${id}@${from.split('@')[1] ?? 'gatehouse'}>`,
    'Importance: high',
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    ...(encoded.match(/.{1,76}/g) ?? []),
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

/** RFC 2047: words of at most 75 characters, none of which splits a letter. */
function encodedWords(subject: string): string {
  const plain = subject.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 200);
  if (/^[\x20-\x7e]{0,70}$/.test(plain)) return plain;
  const words: string[] = [];
  for (const letter of plain) {
    const longer = `${words.at(-1) ?? ''}${letter}`;
    if (words.length === 0 || Buffer.byteLength(longer) > 40) words.push(letter);
    else words[words.length - 1] = longer;
  }
  return words.map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join('\r\n ');
}
