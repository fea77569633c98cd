/** Languages of the phones' screens, and where a vendor's phones fall short of one (G-25 to G-28). */
import data from '../../firmware-templates/languages.json' with { type: 'json' };
import type { Vendor } from './vendors.ts';

/** Codes that SIP Gateway knows; English, the first, is what a phone shows without any. */
export const languages: readonly string[] = data.languages.map(({ code }) => code);

export interface LanguageNote {
  readonly vendor: Vendor;
  /** Beginnings of model names; left out for all of the vendor's phones. */
  readonly models?: readonly string[];
  /** A sentence for people. */
  readonly text: string;
}

const notes: readonly (LanguageNote & { readonly languages: readonly string[] })[] = data.notes.map(
  (note) => ({
    ...note,
    vendor: note.vendor as Vendor,
  }),
);

export function isLanguage(code: string): boolean {
  return languages.includes(code);
}

/** What to expect of that language, for one vendor or for all. */
export function languageNotes(language: string | undefined, vendor?: Vendor): LanguageNote[] {
  if (language === undefined) return [];
  return notes
    .filter((note) => note.languages.includes(language) && (vendor ?? note.vendor) === note.vendor)
    .map(({ vendor: of, models, text }) => ({ vendor: of, ...(models && { models }), text }));
}
