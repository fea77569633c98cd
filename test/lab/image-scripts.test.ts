/** What the image's own scripts do at a boot: the clock, the first settings, the status screen, and the data partition's repair. */
import { expect, it } from 'vitest';
import { ensureAuthority } from '../../appliance/net/authority.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { openImageRoot } from '../support/image-root.ts';

const groups = 'root:x:0:\ngatehouse:x:900:\n';
const settingsFile = '/etc/gatehouse/gatehouse.toml';

const clock = (now: number) => openImageRoot({ date: `[ "$1" = -s ] || echo ${now}` });
const wroteAt = (second: number) =>
  `mkdir -p /var/lib/gatehouse/dhcp; touch -d @${second} /var/lib/gatehouse/dhcp/dhcp.db-wal`;
const someday = 1_800_000_000;

it('a clock that is behind the newest thing that was written down is set to after it', async () => {
  const box = clock(someday - 86_400);
  await box.script('clock-floor', { before: wroteAt(someday) });
  expect(box.takeCalls()).toEqual(['date +%s', `date -s @${someday + 6}`]);
});

it('one that is ahead of it is let be, and so is that of a box that never wrote anything', async () => {
  const box = clock(someday + 60);
  await box.script('clock-floor', { before: wroteAt(someday) });
  expect(box.takeCalls()).toEqual(['date +%s']);
  const fresh = clock(0);
  await fresh.script('clock-floor', { before: 'mkdir -p /var/lib/gatehouse' });
  expect(fresh.takeCalls()).toEqual([]);
});

const bootsOf = async (box: ReturnType<typeof clock>, before: string) => {
  await box.script('clock-floor', { before });
  return box.takeCalls();
};

it('what was written down while the clock stood as far ahead as no release is old does not set it there', async () => {
  const far = Date.UTC(2099, 0, 1) / 1000;
  const wrote = `${wroteAt(far)}; touch -d @${someday} /var/lib/gatehouse/dhcp/dhcp.db`;
  expect(await bootsOf(clock(someday - 86_400), wrote)).toEqual(['date +%s', `date -s @${someday + 6}`]);
  expect(await bootsOf(clock(someday - 86_400), wroteAt(far))).toEqual([]);
});

it('once the clock is right again, what was written down while it was ahead does not set it forward at the next boot', async () => {
  const box = clock(someday);
  const ahead = someday + 10 * 365 * 86_400;
  expect(await bootsOf(box, wroteAt(ahead))).toContain(`date -s @${ahead + 6}`);
  await box.script('clock-set');
  expect(box.takeCalls()).toEqual(['date +%s']);
  expect(await bootsOf(box, '')).toEqual(['date +%s', `date -s @${someday + 6}`]);
});

it('a link that a part left there gives no other file another time', async () => {
  const box = clock(someday);
  const ahead = someday + 86_400;
  const link = `touch -d @${ahead} /var/lib/gatehouse/notes; ln -s ../notes /var/lib/gatehouse/dhcp/a.db
    touch -h -d @${ahead} /var/lib/gatehouse/dhcp/a.db`;
  const times = 'stat -c %Y /var/lib/gatehouse/notes /var/lib/gatehouse/dhcp/dhcp.db-wal';
  const said = await box.script(`clock-set && ${times}`, { before: `${wroteAt(ahead)}; ${link}` });
  expect(said).toBe(`${ahead}\n${someday}\n`);
});

it('the program is started for certificates only where it would make one', async () => {
  const box = openImageRoot();
  box.write(settingsFile, ofSite('10.1.0.1'));
  const state = temporaryDirectory();
  const looked = async () =>
    await box.script('certificates-end && echo work || echo none', {
      before: `mkdir -p /var/lib/gatehouse; cp -r ${state}/authority /var/lib/gatehouse 2>/dev/null || true`,
    });
  expect(await looked()).toBe('work\n');
  const makeAt = async (now: number) => await ensureAuthority(state, '10.1.0.1', { now: () => now });
  await makeAt(Date.now());
  expect(await looked()).toBe('none\n');
  await makeAt(Date.UTC(2099, 0, 1));
  expect(await looked()).toBe('work\n');
  await makeAt(Date.now());
  expect(await looked()).toBe('none\n');
});

const ofSite = (address: string) => `[site]\naddress = "${address}"\n`;

/** Boots with these settings in the machine's SMBIOS, and gives back those that count. */
async function settingsAfter(box: ReturnType<typeof openImageRoot>, credential?: string): Promise<string> {
  box.write('/run/credentials/gatehouse.toml', credential ?? '');
  box.write('/run/gatehouse-data', 'ok\n');
  await box.script('first-settings', {
    before: 'export CREDENTIALS_DIRECTORY=/run/credentials; mkdir -p /etc/gatehouse',
  });
  return box.read(settingsFile) ?? '';
}

function newBox() {
  const box = openImageRoot();
  box.write('/etc/group', groups);
  return box;
}

it('a new box takes the settings that came with the machine, else such as open the page', async () => {
  expect(await settingsAfter(newBox(), ofSite('10.1.0.1'))).toBe(ofSite('10.1.0.1'));
  expect(await settingsAfter(newBox())).toContain('address = "127.0.0.1"');
});

it('one that was turned on before it was given any takes them at its next boot', async () => {
  const box = newBox();
  await settingsAfter(box);
  expect(await settingsAfter(box, ofSite('10.1.0.1'))).toBe(ofSite('10.1.0.1'));
});

it('a box that is configured does not go back to those', async () => {
  const box = newBox();
  box.write(settingsFile, `# Until the box is set up: not any more.\n${ofSite('10.2.0.1')}`);
  expect(await settingsAfter(box, ofSite('10.1.0.1'))).toContain('10.2.0.1');
  expect(await settingsAfter(box)).toContain('10.2.0.1');
});

it('those that were refused once are not taken again at each boot', async () => {
  const box = newBox();
  await settingsAfter(box);
  const alone = box.read(settingsFile);
  box.write(`${settingsFile}.refused`, ofSite('10.1.0.1'));
  expect(await settingsAfter(box, ofSite('10.1.0.1'))).toBe(alone);
  expect(await settingsAfter(box, ofSite('10.1.0.2'))).toBe(ofSite('10.1.0.2'));
});

it('without its data disk a box does not take them: it would be another one to its phones', async () => {
  const box = newBox();
  box.write('/run/gatehouse-data', 'missing\n');
  box.write('/run/credentials/gatehouse.toml', `${ofSite('10.1.0.1')}[web]\naddress = "10.1.0.9"\n`);
  await box.script('first-settings', {
    before: 'export CREDENTIALS_DIRECTORY=/run/credentials; mkdir -p /etc/gatehouse',
  });
  // The page stays where they have it.
  expect(box.read(settingsFile)).toMatch(/"127\.0\.0\.1"[^]*"10\.1\.0\.9"/);
});

const machineId = '0123456789abcdef0123456789abcdef';
const order = '/run/gatehouse-console/reset';

/** Shows its screen until something came of what was typed, or two seconds are over. */
async function screenOf(box: ReturnType<typeof openImageRoot>, typed = ''): Promise<string> {
  box.write('/etc/machine-id', `${machineId}\n`);
  return await box.script('console-screen <&9 || true', {
    before: 'exec 9<&0; mkdir -p /run/gatehouse-console',
    input: typed,
  });
}

const screenPrograms = {
  ip: 'echo "2: enp0s3    inet 10.1.0.1/24 brd 10.1.0.255 scope global enp0s3"',
  systemctl: 'echo "gatehouse@dhcp.service loaded active running x"',
  sleep: `for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e ${order} ] || /bin/sleep 0.2; done; kill $PPID`,
};

it('the screen says where the page is, how the parts are, and what is wrong with the disk', async () => {
  const box = openImageRoot(screenPrograms);
  box.write(settingsFile, `${ofSite('10.1.0.1')}[web]\nhttps_port = 8443\n`);
  box.write('/run/gatehouse-setup/code', 'ABCD-EFGH\n');
  box.write('/run/gatehouse-data', 'broken\n/dev/vda5\nit is damaged\nplain: no TPM\n');
  const shown = await screenOf(box);
  expect(shown.split('\n').map((line) => line.trim().replaceAll(/ +/g, ' '))).toEqual(
    expect.arrayContaining([
      'Page https://10.1.0.1:8443/',
      'Set-up code ABCD-EFGH',
      'Addresses enp0s3 10.1.0.1/24',
      'Parts dhcp active',
      'Data disk BROKEN: it is damaged',
      `Machine id ${machineId}`,
    ]),
  );
});

it('what the screen asks for, typed there, is an order to reset the box', async () => {
  const box = openImageRoot(screenPrograms);
  expect(await screenOf(box, '\nhello\nreset 01234567\n')).toContain('type  reset 01234567  and Enter');
  expect(box.read(order)).toBe('');
});

it.each([
  'reset',
  'reset 01234568',
  'reset 01234567 now',
  'reset $(:>/run/gatehouse-console/reset)',
  'reset *',
])('typing "%s" there does nothing', async (typed) => {
  const box = openImageRoot(screenPrograms);
  await screenOf(box, `${typed}\n`);
  expect(box.read(order)).toBeUndefined();
});
