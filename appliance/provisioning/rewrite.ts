/**
 * Changes a configuration body as little as needed: provisioning URLs lead to the box, dangerous settings go, ours are
 * laid over. Everything else stays byte for byte.
 */
import { pagesInBox, urlInBox, type LinkPolicy, type LinkTarget } from './links.ts';
import { applyEdits, escapeValue, readSettings, type Edit, type Format, type Setting } from './settings.ts';

/** One piece of our own settings, in the vendor's own format. */
export interface Overlay {
  readonly text: string;
  /** The mark before which it goes, the last one in the body: `</settings>`. Undefined: at the end of the body. */
  readonly before: string | undefined;
  /** A key that the body has too keeps the body's value. */
  readonly keepsTheirs?: boolean;
  /** A body with one of these keys is left alone: half of a setting that takes several would be another one. */
  readonly unless?: ((key: string) => boolean) | undefined;
}

export interface RewriteRules {
  readonly format: Format;
  readonly isProvisioningUrl: (key: string) => boolean;
  /** Paths for the phone's browser; none where it is left out. */
  readonly isPage?: (path: string) => boolean;
  /** Why this setting must not reach a phone. */
  readonly danger: (key: string) => string | undefined;
  readonly links: LinkPolicy;
  readonly overlays: readonly Overlay[];
}

export interface Dropped {
  readonly key: string;
  readonly reason: string;
}

export interface Rewritten {
  readonly body: string;
  readonly dropped: readonly Dropped[];
  /** Where the URLs that now lead to the box led before. */
  readonly links: readonly LinkTarget[];
  /** What the cloud wrote and the phone gets, before anything was changed or laid over it. */
  readonly passed: readonly Setting[];
}

/** Throws a DecodeError when the body can't be read. `body` is latin1: a character a byte. */
export function rewriteBody(body: string, rules: RewriteRules): Rewritten {
  const settings = readSettings(rules.format, body);
  const kept: Setting[] = [];
  const dropped: Dropped[] = [];
  const edits: Edit[] = [];
  const links: LinkTarget[] = [];
  const drop = (setting: Setting, reason: string) => {
    dropped.push({ key: setting.key, reason });
    edits.push({ start: setting.start, end: setting.end, replacement: '' });
  };
  for (const setting of settings) {
    const names = namesOf(setting.key);
    const danger = names.map(rules.danger).find((reason) => reason !== undefined);
    if (danger !== undefined) {
      drop(setting, danger);
      continue;
    }
    const link = names.some(rules.isProvisioningUrl)
      ? urlInBox(setting.value, rules.links)
      : pagesInBox(setting.value, rules.links, rules.isPage ?? (() => false));
    if (link.kind === 'refused') {
      drop(setting, link.reason);
      continue;
    }
    kept.push(setting);
    if (link.kind !== 'changed') continue;
    edits.push(valueEdit(setting, link.value));
    links.push(...link.targets);
  }
  const laid = lay(body, { settings: kept, edits }, rules);
  return { body: laid, dropped, links, passed: kept };
}

/** A phone that knows no index of a key reads the setting all the same. */
function namesOf(key: string): string[] {
  const at = key.indexOf('[');
  return at === -1 ? [key] : [key, key.slice(0, at)];
}

function valueEdit(setting: Setting, value: string): Edit {
  return {
    start: setting.valueStart,
    end: setting.valueEnd,
    replacement: escapeValue(value, setting.context),
  };
}

/**
 * A key that the body has too gets our value in its place, so that it does not matter whether a vendor's phone takes
 * the first or the last of two; the others are appended.
 */
function lay(
  body: string,
  { settings, edits }: { settings: readonly Setting[]; edits: readonly Edit[] },
  { format, overlays, isProvisioningUrl }: RewriteRules,
): string {
  const hasUrl = settings.some(({ key, value }) => value !== '' && isProvisioningUrl(key));
  const theirs = Map.groupBy(settings, ({ key }) => key);
  const all = outermost(edits);
  for (const overlay of overlays) {
    const at = overlay.before === undefined ? body.length : body.lastIndexOf(overlay.before);
    // A body without that mark is of another kind (Poly's master file) and takes no settings.
    if (at === -1 || hasOne(theirs, overlay.unless)) continue;
    const missing: Setting[] = [];
    const placed: Setting[] = [];
    for (const own of settingsOf(format, overlay)) {
      const found = theirs.get(own.key);
      // Vendors have several names for the URL: one in the body is enough.
      const isTheirs =
        overlay.keepsTheirs === true && (found !== undefined || (hasUrl && isProvisioningUrl(own.key)));
      if (found === undefined && !isTheirs) missing.push(own);
      else placed.push(own);
      if (!isTheirs) for (const setting of found ?? []) replaceEdit(all, valueEdit(setting, own.value));
    }
    if (missing.length === 0) continue;
    const gone = outermost(placed.map(({ start, end }) => ({ start, end, replacement: '' })));
    all.push({ start: at, end: at, replacement: joined(body, at, applyEdits(overlay.text, gone)) });
  }
  return applyEdits(body, all);
}

function hasOne(settings: ReadonlyMap<string, unknown>, isMeant: Overlay['unless']): boolean {
  return isMeant !== undefined && settings.keys().some(isMeant);
}

/** The same overlay is laid over the bodies of many phones. */
const settingsOfOverlays = new WeakMap<Overlay, readonly Setting[]>();

function settingsOf(format: Format, overlay: Overlay): readonly Setting[] {
  const settings = settingsOfOverlays.get(overlay) ?? readSettings(format, overlay.text);
  settingsOfOverlays.set(overlay, settings);
  return settings;
}

/** Of edits within one another only the outer one counts: an element that goes takes its attributes with it. */
function outermost(edits: readonly Edit[]): Edit[] {
  return edits.filter(
    (edit) =>
      !edits.some(
        (other) =>
          other !== edit &&
          other.start <= edit.start &&
          other.end >= edit.end &&
          other.end - other.start > edit.end - edit.start,
      ),
  );
}

function replaceEdit(edits: Edit[], edit: Edit): void {
  // What is dropped stays dropped.
  if (
    edits.some(
      (other) =>
        other.start <= edit.start &&
        other.end >= edit.end &&
        other.replacement === '' &&
        other.end > other.start,
    )
  )
    return;
  const same = edits.findIndex((other) => other.start === edit.start && other.end === edit.end);
  if (same === -1) edits.push(edit);
  else edits[same] = edit;
}

/** In the body's own line ends, on lines of its own. */
function joined(body: string, at: number, text: string): string {
  const lineEnd = body.includes('\r\n') ? '\r\n' : '\n';
  const own = text.replaceAll(/\r?\n/g, lineEnd);
  const lead = at === 0 || body[at - 1] === '\n' || body[at - 1] === '\r' ? '' : lineEnd;
  return `${lead}${own}${own.endsWith('\n') ? '' : lineEnd}`;
}
