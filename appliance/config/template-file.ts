/** The site's own templates, in folders of vendors, that somebody may change through the page. Pure. */

/** As many as the box reads. */
export const mostTemplateBytes = 65_536;

/** Vendors whose configuration takes templates, each with the one that is laid over last. */
export const ownTemplates: Readonly<Record<string, string>> = {
  yealink: 'site.cfg.liquid',
  poly: 'site.xml.liquid',
  cisco: 'site.xml.liquid',
  snom: 'site.xml.liquid',
};

/** A sentence; undefined: such a file may be there. What is in it is judged by who fills it in. */
export function templateNameProblem(vendor: unknown, name: unknown): string | undefined {
  if (typeof vendor !== 'string' || !Object.hasOwn(ownTemplates, vendor))
    return `Templates are for ${Object.keys(ownTemplates).join(', ')}.`;
  return typeof name === 'string' && /^[A-Za-z0-9][A-Za-z0-9.-]{0,54}\.liquid$/.test(name)
    ? undefined
    : 'A template is called as one of those in the list.';
}

/** A sentence; undefined: it is text that the box would read. */
export function templateTextProblem(text: string): string | undefined {
  if (text.trim() === '') return 'The template is empty: remove it instead.';
  if (text.includes('\0')) return 'This is no text.';
  return Buffer.byteLength(text) > mostTemplateBytes
    ? `The template is larger than ${mostTemplateBytes / 1024} KiB.`
    : undefined;
}
