import { expect, test } from 'vitest';
import {
  isLanguage,
  languageNotes,
  languages,
  modelLanguageNotes,
  shownLanguage,
} from '../../../appliance/phones/languages.ts';
import { provisioningUrl, regionUrl } from '../../../appliance/phones/url.ts';

const base = regionUrl('emea');

test('English, Spanish, Japanese, German, French and Portuguese, and no other language, are offered (G-25)', () => {
  expect(languages).toEqual(['en', 'es', 'ja', 'de', 'fr', 'pt']);
  for (const other of ['it', 'DE', 'de_CH', '', 'lang_de', 'constructor']) {
    expect(isLanguage(other)).toBe(false);
    expect(() => provisioningUrl({ vendor: 'yealink', base, language: other })).toThrow(TypeError);
  }
});

const texts = (language: string | undefined, vendor?: Parameters<typeof languageNotes>[1]) =>
  languageNotes(language, vendor).map(({ text }) => text);

test('Japanese does not work on Yealink and only in part on Poly VVX: both are told (G-26)', () => {
  expect(texts('ja', 'yealink')).toEqual(['Japanese does not work on Yealink phones: they show English.']);
  expect(texts('ja', 'poly')).toContain('Japanese works only in part on Poly VVX phones.');
  expect(texts('ja', 'ale')).toEqual([]);
});

test.each([
  ['poly', ['VVX 150', 'VVX 201']],
  ['cisco', ['6821', '7811', '7821', '7841', '7861']],
] as const)('the small screens of %s (%s) show a short English text (G-27)', (...[vendor, models]) => {
  for (const language of ['es', 'ja', 'de', 'fr', 'pt']) {
    const note = languageNotes(language, vendor).find(({ text }) => text.startsWith('Small screens'));
    expect(note?.models).toEqual(models);
    expect(note?.text).toContain(models.join(', '));
  }
});

test('the voice mail key of Poly VVX reads "VM" in every language (G-28)', () => {
  for (const language of ['es', 'ja', 'de', 'fr', 'pt']) {
    expect(texts(language, 'poly').some((text) => text.includes('"VM"'))).toBe(true);
  }
});

test('templates are told the language that the phone will show: English where it has not the one that was asked for', () => {
  expect(shownLanguage('ja', 'yealink')).toBe('en');
  expect(shownLanguage('ja', 'cisco')).toBe('ja');
  expect(shownLanguage('de', 'yealink')).toBe('de');
  expect(shownLanguage('ja', undefined)).toBe('ja');
});

test.each([
  ['poly', 'VVX_150', 'de', 2],
  ['poly', 'VVX_500', 'de', 1],
  ['poly', 'Edge_E450', 'ja', 0],
  ['poly', 'VVX_500', 'ja', 2],
  ['cisco', '7841-3PCC', 'fr', 1],
  ['cisco', 'CP-7841-3PCC', 'fr', 1],
  ['cisco', '8841-3PCC', 'fr', 0],
  ['yealink', undefined, 'ja', 1],
] as const)(
  'a %s %s in "%s" has %i warnings, for its own model only',
  (...[vendor, model, language, count]) => {
    expect(modelLanguageNotes(language, { vendor, model })).toHaveLength(count);
  },
);

test('English, which is what phones show by themselves, needs no warning', () => {
  expect(texts('en')).toEqual([]);
  expect(texts(undefined)).toEqual([]);
});

test('without a vendor the notes of all come', () => {
  expect(new Set(languageNotes('ja').map(({ vendor }) => vendor))).toEqual(
    new Set(['yealink', 'poly', 'cisco']),
  );
});
