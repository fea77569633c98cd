import { assert, property, string } from 'fast-check';
import { expect, it } from 'vitest';
import { formatMail, type MailMessage } from '../../../appliance/protocol/mail-message.ts';

const base: MailMessage = {
  from: 'box@example.com',
  to: ['security@example.com', 'desk@example.com'],
  subject: 'EMERGENCY 112: Ann',
  at: Date.UTC(2026, 10, 26, 9, 30),
  id: 'abc',
  text: 'Dialled: 112\nPlace: Büro 301',
};

function parsed(message: string): { fields: Map<string, string>; text: string } {
  const [head = '', body = ''] = message.split('\r\n\r\n');
  const lines = head.replaceAll('\r\n ', ' ').split('\r\n');
  const fields = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return { fields, text: Buffer.from(body.replaceAll('\r\n', ''), 'base64').toString() };
}

const words = (subject: string) =>
  subject
    .split(' ')
    .map((word) => Buffer.from(/^=\?utf-8\?B\?(.*)\?=$/.exec(word)?.[1] ?? '', 'base64').toString())
    .join('');

it('a mail has the fields of RFC 5322 and its text whole', () => {
  const { fields, text } = parsed(formatMail(base));
  expect(Object.fromEntries(fields)).toMatchObject({
    Date: 'Thu, 26 Nov 2026 09:30:00 +0000',
    From: '<box@example.com>',
    To: '<security@example.com>, <desk@example.com>',
    Subject: 'EMERGENCY 112: Ann',
    'Message-ID': '<abc@example.com>',
    'Content-Transfer-Encoding': 'base64',
  });
  expect(text).toBe(`${base.text}\r\n`);
});

it('a sender without a domain still gives the message a name', () => {
  expect(parsed(formatMail({ ...base, from: 'box' })).fields.get('Message-ID')).toBe('<abc@gatehouse>');
});

it('whatever the subject and the text are, no line is too long, begins with a dot or adds a field', () => {
  assert(
    property(
      string({ unit: 'grapheme', maxLength: 300 }),
      string({ unit: 'binary', maxLength: 400 }),
      (subject, text) => {
        const message = formatMail({ ...base, subject, text });
        expect(message.split('\r\n').filter((line) => !/^(?!\.)[\x20-\x7e]{0,78}$/.test(line))).toEqual([]);
        const { fields } = parsed(message);
        expect(fields.size).toBe(10);
        const shown = fields.get('Subject') ?? '';
        const wanted = subject.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 200);
        const read = shown.startsWith('=?utf-8?B?') ? words(shown) : shown;
        expect(Buffer.from(read)).toEqual(Buffer.from(wanted));
      },
    ),
  );
});
