import { expect, it } from 'vitest';
import { readContacts } from '../../../appliance/sip/contacts.ts';

const old = '<sip:1001@10.0.0.9:5060>';
const own = '<sip:1001@10.0.0.5:5060>';
const secure = '<sips:1001@10.0.0.5:5061>';

const request = (expires: string | undefined, ...contacts: readonly string[]) => ({
  headers: [
    ...contacts.map((value) => ({ name: 'Contact', value })),
    ...(expires === undefined ? [] : [{ name: 'Expires', value: expires }]),
  ],
});

it.each([
  ['an old address and the new one', [`${own};expires=3600, ${old};expires=0`]],
  ['the other way round, on two lines', [`${old};expires=0`, `${own};expires=3600`]],
])('%s: one is registered, the other taken back', (_title, lines) => {
  expect(readContacts(request(undefined, ...lines))).toMatchObject({
    contact: { uri: 'sip:1001@10.0.0.5:5060' },
    expiresSeconds: 3600,
    registered: [`${own};expires=3600`],
    takenBack: ['sip:1001@10.0.0.9:5060'],
  });
});

it('of several that are registered the phone says which it likes best, else it is the first', () => {
  expect(readContacts(request('600', own, secure))).toMatchObject({
    contact: { uri: 'sip:1001@10.0.0.5:5060' },
    expiresSeconds: 600,
    registered: [own, secure],
    takenBack: [],
  });
  const preferred = readContacts(request('600', `${own};q=0.5`, `${secure};q=0.9`));
  expect(preferred).toMatchObject({ contact: { uri: 'sips:1001@10.0.0.5:5061' } });
});

it('a time for all counts where a Contact has none of its own', () => {
  expect(readContacts(request('0', own, `${secure};expires=60`))).toMatchObject({
    contact: { uri: 'sips:1001@10.0.0.5:5061' },
    registered: [`${secure};expires=60`],
    takenBack: ['sip:1001@10.0.0.5:5060'],
  });
});

it('who takes all back registers none', () => {
  expect(readContacts(request('0', own, old))).toMatchObject({
    contact: { uri: 'sip:1001@10.0.0.5:5060' },
    expiresSeconds: 0,
    registered: [],
    takenBack: ['sip:1001@10.0.0.9:5060'],
  });
  expect(readContacts(request('0', '*'))).toMatchObject({ contact: 'all', expiresSeconds: 0 });
});

it('who only asks names none', () => {
  expect(readContacts(request(undefined))).toEqual({
    contact: undefined,
    expiresSeconds: undefined,
    registered: [],
    takenBack: [],
  });
});
