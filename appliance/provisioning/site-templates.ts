/**
 * The site's own templates, in a folder that updates don't touch: `<vendor>/<name of one of ours>` takes the place of ours,
 * `<vendor>/site.cfg.liquid` (`site.xml.liquid` where the vendor writes XML) is laid over last. Each is judged before it is
 * used.
 */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Make } from './identify.ts';
import { judgeTemplate } from './template-judge.ts';
import { readVendorFiles, siteOverlay, type VendorProvisioning } from './vendor-files.ts';

export interface TemplateProblem {
  readonly file: string;
  /** For the person who wrote the template; names the line where there is one. */
  readonly message: string;
}

export interface SiteTemplates {
  /** What is shipped, with the site's good templates in it. */
  readonly vendors: ReadonlyMap<Make, VendorProvisioning>;
  readonly problems: readonly TemplateProblem[];
}

const mostFiles = 100;
const mostBytes = 65_536;

/** `before`: as it was last read; a template that is not good any more keeps the text that it had then. */
export function readSiteTemplates(
  shipped: ReadonlyMap<Make, VendorProvisioning>,
  directory: string,
  before?: ReadonlyMap<Make, VendorProvisioning>,
): SiteTemplates {
  const problems: TemplateProblem[] = [];
  const vendors = new Map(
    Array.from(shipped, ([vendor, ours]) => {
      const reading = { vendor, ours, folder: join(directory, vendor), before: before?.get(vendor) };
      return [vendor, withTemplates(reading, problems)];
    }),
  );
  return { vendors, problems: [...strangers(shipped, directory), ...problems] };
}

/** Changes when a template is written, added or taken away. */
export function templatesState(vendors: Iterable<Make>, directory: string): string {
  return Array.from(vendors, (vendor) => join(directory, vendor))
    .flatMap((folder) => {
      const names = filesOf(folder);
      return typeof names === 'string'
        ? `${folder} ${names}`
        : names.map((name) => stateOf(join(folder, name)));
    })
    .join('\n');
}

function stateOf(file: string): string {
  try {
    const status = lstatSync(file, { throwIfNoEntry: false });
    return `${file} ${status?.mtimeMs} ${status?.size}`;
  } catch (error) {
    return `${file} ${why(error)}`;
  }
}

interface Reading {
  readonly vendor: Make;
  readonly ours: VendorProvisioning;
  readonly folder: string;
  readonly before: VendorProvisioning | undefined;
}

function withTemplates(reading: Reading, problems: TemplateProblem[]): VendorProvisioning {
  const { ours, folder, before } = reading;
  const names = filesOf(folder);
  const site = new Map(typeof names === 'string' ? before?.site : []);
  if (typeof names === 'string') problems.push({ file: folder, message: names });
  for (const name of typeof names === 'string' ? [] : names) {
    const file = join(folder, name);
    const text = readTemplate(file);
    const message =
      typeof text === 'string' ? judgeTemplate(reading.vendor, ours, { name, text }) : text.problem;
    if (message === undefined && typeof text === 'string') site.set(name, text);
    else {
      problems.push({ file, message: message ?? '' });
      const last = before?.site.get(name);
      if (last !== undefined) site.set(name, last);
    }
  }
  if (site.size === 0) return ours;
  const own = siteOverlay(ours);
  return {
    ...ours,
    site,
    overlays: site.has(own.template) ? [...ours.overlays, own] : ours.overlays,
  };
}

function readTemplate(file: string): string | { readonly problem: string } {
  try {
    const status = lstatSync(file);
    if (!status.isFile()) return { problem: 'is no file' };
    if (status.size > mostBytes)
      return { problem: `has ${status.size} bytes, at most ${mostBytes} are read` };
    return readFileSync(file, 'utf8');
  } catch (error) {
    return { problem: why(error) };
  }
}

const why = (error: unknown) => `can't be read: ${error instanceof Error ? error.message : String(error)}`;

/** Editors leave hidden files and copies behind: those are nobody's template. A sentence where it can't be looked into. */
function filesOf(folder: string): string[] | string {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.') && !name.endsWith('~') && name !== 'README.md')
      .toSorted()
      .slice(0, mostFiles);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return [];
    return code === 'ENOTDIR' ? 'is no folder' : why(error);
  }
}

function strangers(shipped: ReadonlyMap<Make, VendorProvisioning>, directory: string): TemplateProblem[] {
  const names = filesOf(directory);
  if (typeof names === 'string') return [{ file: directory, message: names }];
  return names
    .filter((name) => !shipped.has(name as Make))
    .map((name) => ({
      file: join(directory, name),
      message: `is no vendor's folder; there are ${[...shipped.keys()].join(', ')}`,
    }));
}

/** For `config check`: a sentence for each template that would not be used. */
export function siteTemplateProblems(directory: string): string[] {
  return readSiteTemplates(readVendorFiles(), directory).problems.map(
    ({ file, message }) => `${file} ${message}`,
  );
}
