/** The page on a disk without room: whoever comes to look must be told. Needs root. */
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../appliance/config.ts';
import { setPassword } from '../../appliance/store/admin-password.ts';
import { openSecrets } from '../../appliance/store/secrets.ts';
import { startWeb } from '../../appliance/web/server.ts';
import { openWorld, systemClock } from '../../appliance/world.ts';
import { ask, newFirstPassword, openNetworkPage } from '../support/page.ts';
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

it('who has signed in on a full disk is out once a command has changed the password', async () => {
  const disk = openSmallDisk(8);
  const directory = disk.directory;
  const { web } = await openNetworkPage({ directory });
  const { port } = web.address;
  const password = 'correct horse battery';
  await newFirstPassword({ directory, port, password });
  disk.fill();
  const { headers } = await ask({ port, body: { password } }, '/api/sign-in');
  const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const status = async () => (await ask({ port }, '/api/status', { cookie })).status;
  expect(await status()).toBe(200);
  disk.empty();
  using secrets = openSecrets(directory, 'web', systemClock);
  await setPassword(secrets, 'a password for the page');
  expect(await status()).toBe(401);
});
