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

interface KnownNote extends LanguageNote {
  readonly languages: readonly string[];
  /** What the phones show in place of these languages. */
  readonly shows?: string;
}

const notes: readonly KnownNote[] = data.notes.map((note) => ({
  ...note,
  vendor: note.vendor as Vendor,
}));

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

/** What a phone's screen shows when it is asked for a language: another one where the phone can't. */
export function shownLanguage(language: string, vendor: string | undefined): string {
  const note = notes.find(
    (one) => one.vendor === vendor && one.shows !== undefined && one.languages.includes(language),
  );
  return note?.shows ?? language;
}

/** The sentences of {@link languageNotes} that are about this model, however it is written. */
export function modelLanguageNotes(
  language: string | undefined,
  { vendor, model }: { readonly vendor: Vendor; readonly model: string | undefined },
): string[] {
  const name = plainModel(model ?? '');
  return languageNotes(language, vendor).flatMap(({ models, text }) =>
    models === undefined || models.some((one) => name.startsWith(plainModel(one))) ? [text] : [],
  );
}

function plainModel(model: string): string {
  return model
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .replace(/^CP(?=\d)/i, '')
    .toUpperCase();
}
