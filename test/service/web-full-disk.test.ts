/** The page on a disk without room: whoever comes to look must be told. Needs root. */
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../appliance/config.ts';
import { startWeb } from '../../appliance/web/server.ts';
import { openWorld } from '../../appliance/world.ts';
import { openSmallDisk } from '../support/small-disk.ts';

it('the page comes up on a full disk and says that it is full', async () => {
  const disk = openSmallDisk(8);
  const config = parseConfig(
    `[site]\naddress = "127.0.0.1"\nstate_directory = "${disk.directory}"\n[web]\nport = 0\n`,
  );
  const world = openWorld('silent');
  const first = await startWeb(world, config);
  await first[Symbol.asyncDispose]();
  disk.fill();
  const again = await startWeb(world, config);
  onTestFinished(async () => await again[Symbol.asyncDispose]());
  const { address, port } = again.address;
  const status = (await (await fetch(`http://${address}:${port}/api/status`)).json()) as {
    troubles: { text: string }[];
  };
  expect(status.troubles.map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^The disk is full \(\d MB left\)/),
  );
});
