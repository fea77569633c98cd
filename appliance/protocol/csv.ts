/** Comma-separated values, RFC 4180, as spreadsheets and web pages export them: a BOM, any line end, `;` for `,`. */
import { DecodeError } from './bytes.ts';

const most = { bytes: 4_194_304, rows: 20_000, columns: 200 };

export interface CsvRow {
  /** On which it begins, from 1. */
  readonly line: number;
  readonly cells: string[];
}

/** Rows of cells, as {@link csvRows}. */
export function parseCsv(text: string): string[][] {
  return csvRows(text).map(({ cells }) => cells);
}

/** Empty rows left out. The separator is what the first row has more of. Throws {@link DecodeError}. */
export function csvRows(text: string): CsvRow[] {
  if (text.length > most.bytes) throw new DecodeError(`more than ${most.bytes} characters`);
  const source = text.replace(/^\uFEFF/, '');
  const first = /^[^\r\n]*/.exec(source)?.[0] ?? '';
  const separator = count(first, ';') > count(first, ',') ? ';' : ',';
  const rows: CsvRow[] = [];
  let row: string[] = [];
  let line = 1;
  let started = 0;
  const endRow = (end: number) => {
    if (row.some((cell) => cell !== '')) rows.push({ line, cells: row });
    if (rows.length > most.rows) throw new DecodeError(`more than ${most.rows} rows`);
    row = [];
    line += source.slice(started, end).match(/\r\n|\r|\n/g)?.length ?? 0;
    started = end;
  };
  for (let at = 0; at < source.length;) {
    const { cell, end } = source[at] === '"' ? quotedCell(source, at) : plainCell(source, at, separator);
    row.push(cell);
    if (row.length > most.columns) throw new DecodeError(`more than ${most.columns} columns`, at);
    const after = source[end];
    if (after === separator) {
      at = end + 1;
      if (at === source.length) row.push('');
    } else if (after === undefined || after === '\r' || after === '\n') {
      at = source.startsWith('\r\n', end) ? end + 2 : end + 1;
      endRow(at);
    } else throw new DecodeError('text after a closing quote', end);
  }
  endRow(source.length);
  return rows;
}

interface Cell {
  readonly cell: string;
  readonly end: number;
}

function plainCell(source: string, start: number, separator: string): Cell {
  let end = start;
  while (end < source.length && source[end] !== separator && source[end] !== '\r' && source[end] !== '\n')
    end += 1;
  return { cell: source.slice(start, end).trim(), end };
}

function quotedCell(source: string, start: number): Cell {
  for (let at = start + 1; ; at += 2) {
    at = source.indexOf('"', at);
    if (at === -1) throw new DecodeError('a quote that is not closed', start);
    if (source[at + 1] !== '"')
      return { cell: source.slice(start + 1, at).replaceAll('""', '"'), end: at + 1 };
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
