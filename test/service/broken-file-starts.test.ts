/** Parts whose own file can't be read any more: they start, begin anew, and say so. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../appliance/config.ts';
import type { StoreName } from '../../appliance/store/journal-kinds.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { storeFile } from '../../appliance/store/store.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { ask, openNetworkPage } from '../support/page.ts';
import { startPart } from './location/location-part.ts';

/** A folder in which that part's file is broken. */
function brokenFile(part: StoreName): string {
  const directory = temporaryDirectory();
  const file = storeFile(directory, part);
  mkdirSync(dirname(file));
  for (const name of [file, `${file}-wal`]) writeFileSync(name, Buffer.alloc(65_536, 'not a database '));
  return directory;
}

function kinds(directory: string, part: StoreName): string[] {
  using reader = openReader(directory, part);
  return (reader?.journalAfter(0, 10) ?? []).map(({ kind }) => kind);
}

it('the page comes up, where people learn of it', async () => {
  const directory = brokenFile('web');
  const { web } = await openNetworkPage({ directory });
  expect((await ask({ port: web.address.port }, '/')).status).toBe(200);
  expect(kinds(directory, 'web')).toEqual(['started', 'store_replaced']);
});

it('phones are placed again', async () => {
  const directory = brokenFile('location');
  const part = await startPart(
    parseConfig(`[site]\naddress = "10.20.0.1"\nstate_directory = "${directory}"\n`),
  );
  expect(part.health()).toEqual({ state: 'ok' });
  expect(kinds(directory, 'location')).toEqual(['started', 'store_replaced']);
});
