/** By which of its files a package may be given on. */

/** Where nothing is called a licence: what names author and licence, and what may have the text. Of names of files in its folder. */
export function licenceFiles(names: readonly string[]): string[] {
  const called = names.filter((name) => /^(?:licen[cs]e|copying|notice)/i.test(name));
  return called.length > 0 ? called : names.filter((name) => /^(?:package\.json|readme\b.*)$/i.test(name));
}
