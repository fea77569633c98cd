/** A list of numbers as CSV: strict, since a mistake in it is found out when the internet is away. Pure. */
import { DecodeError } from '../protocol/bytes.ts';
import { csvRows, type CsvRow } from '../protocol/csv.ts';
import { parseMac } from '../protocol/mac.ts';
import { dialledOf, e164Readings, type DialPlan } from '../sip/dial-plan.ts';
import type { SiteNumber } from '../store/site-numbers.ts';

export interface LineProblem {
  readonly line: number;
  readonly text: string;
}

export interface ReadNumbers {
  readonly numbers: readonly SiteNumber[];
  readonly problems: readonly LineProblem[];
}

const columns = ['number', 'extension', 'phone'] as const;
type Column = (typeof columns)[number];

const only = (line: number, text: string): ReadNumbers => ({ numbers: [], problems: [{ line, text }] });

/** The first row names the columns, in any order. */
export function numbersInCsv(text: string, plan: DialPlan): ReadNumbers {
  let rows: CsvRow[];
  try {
    rows = csvRows(text);
  } catch (error) {
    if (error instanceof DecodeError) return only(1, error.message);
    throw error;
  }
  const [head, ...rest] = rows;
  const names = (head?.cells ?? []).map((cell) => cell.trim().toLowerCase());
  const strange = names.find((name) => !columns.includes(name as Column));
  const line = head?.line ?? 1;
  if (strange !== undefined) return only(line, `column "${strange}": there are ${columns.join(', ')}`);
  if (new Set(names).size < names.length) return only(line, 'a column stands there twice');
  if (!names.includes('phone') || names.length < 2)
    return only(line, 'the first row must name the columns: phone, and number or extension or both');
  return readRows(rest, { names, plan });
}

function readRows(
  rows: readonly CsvRow[],
  { names, plan }: { names: readonly string[]; plan: DialPlan },
): ReadNumbers {
  const numbers: SiteNumber[] = [];
  const problems: LineProblem[] = [];
  const lines = new Map<string, number>();
  for (const { line, cells } of rows) {
    const cell = (column: Column) => cells[names.indexOf(column)]?.trim() ?? '';
    const read = cells.length > names.length ? 'more cells than columns' : readRow(cell, plan);
    if (typeof read === 'string') {
      problems.push({ line, text: read });
      continue;
    }
    for (const dialled of dialledOf(read)) {
      const other = lines.get(dialled);
      if (other !== undefined) problems.push({ line, text: `${dialled} stands in line ${other} too` });
      lines.set(dialled, line);
    }
    numbers.push(read);
  }
  return problems.length > 0 ? { numbers: [], problems } : { numbers, problems };
}

/** A sentence when it can't be. */
function readRow(cell: (column: Column) => string, plan: DialPlan): SiteNumber | string {
  const [number, extension, phone] = [readNumber(cell('number'), plan), cell('extension'), cell('phone')];
  if (number === undefined) return `number "${cell('number').slice(0, 40)}" is none: ${example(plan)}`;
  if (extension !== '' && !/^\d{1,8}$/.test(extension))
    return `extension "${extension.slice(0, 40)}" is none: one to eight digits`;
  if (phone === '') return 'no phone: its MAC address, or the user name of its account';
  if (number === '' && extension === '') return 'neither a number nor an extension';
  if (!/^[^\s@,;]{1,128}$/.test(phone))
    return `phone "${phone.slice(0, 40)}" is neither a MAC nor a user name`;
  return {
    phone: parseMac(phone) ?? phone,
    ...(number === '' ? {} : { number }),
    ...(extension === '' ? {} : { extension }),
  };
}

/** E.164 where that can be told; `` for none, undefined for what is no number. */
function readNumber(text: string, plan: DialPlan): string | undefined {
  const dialled = text.replace('(0)', '').replaceAll(/[-.()/ ]/g, '');
  if (dialled === '') return '';
  if (!/^\+?\d{2,20}$/.test(dialled)) return undefined;
  if (!dialled.startsWith('+') && plan.country_code === '') return dialled;
  const readings = e164Readings(dialled, { ...plan, outside_line_prefix: '' });
  return readings[0];
}

const example = ({ country_code: country }: DialPlan) =>
  country === ''
    ? 'digits, as it is dialled'
    : `write it as +${country}…, or as it is dialled in the country`;
