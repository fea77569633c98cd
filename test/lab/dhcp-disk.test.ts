/** What phones see when the box can't write: no promise, and everything well again when there is room. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run, until, type Running } from '../support/command.ts';
import { openDhcpOffice, type DhcpOffice } from './dhcp-office.ts';

let office: DhcpOffice;
let state: string;
let box: Running;

beforeAll(async () => {
  office = await openDhcpOffice();
  state = `${office.lab.directory}/small-disk`;
  // A disk of its own for the box's process only: the mount is in its namespace and goes with it.
  box = await office.startBox({
    stateDirectory: state,
    prepare: [`mkdir -p ${state}`, `mount -t tmpfs -o size=1M,mode=755 tmpfs ${state}`],
  });
});

afterAll(async () => {
  await office[Symbol.asyncDispose]();
});

/** Runs a shell line where the box sees its disk. */
const inBox = (line: string) =>
  run(['nsenter', '-t', String(box.pid), '-m', 'sh', '-c', line], { anyExitCode: true });

const tryOnce = (mac: string) =>
  office.phone(`t${mac.slice(-2)}`, mac).then((namespace) =>
    namespace.exec(['udhcpc', '-i', 'eth0', '-f', '-q', '-n', '-t', '2', '-T', '1', '-s', '/bin/true'], {
      anyExitCode: true,
    }),
  );

const acksTo = async (mac: string) =>
  (await office.packets(`dhcp.hw.mac_addr == ${mac} && dhcp.option.dhcp == 5`)).length;

test('a full disk means no ACK, one clear line, and recovery as soon as there is room', async () => {
  await tryOnce('80:5e:c0:00:01:01');
  expect(await acksTo('80:5e:c0:00:01:01')).toBe(1);

  await inBox(`dd if=/dev/zero of=${state}/filler bs=4096 status=none`);
  await tryOnce('80:5e:c0:00:01:02');
  expect(await acksTo('80:5e:c0:00:01:02')).toBe(0);
  expect(await office.packets('dhcp.hw.mac_addr == 80:5e:c0:00:01:02 && dhcp.option.dhcp == 3')).not.toEqual(
    [],
  );
  expect(box.lastWords()).toContain('leases cannot be saved');

  await inBox(`rm ${state}/filler`);
  await until('the box to notice', () => box.lastWords().includes('leases are saved again') || undefined, {
    timeoutMs: 10_000,
    lastSeen: box.lastWords,
  });
  await tryOnce('80:5e:c0:00:01:03');
  expect(await acksTo('80:5e:c0:00:01:03')).toBe(1);
});

test('a disk that turns read-only under the box means no ACK and a line that says so', async () => {
  await box[Symbol.asyncDispose]();
  // What the kernel does to a file system on a broken disk, files open or not.
  const image = `${office.lab.directory}/disk.ext4`;
  box = await office.startBox({
    stateDirectory: state,
    prepare: [
      `mkdir -p ${state}`,
      `truncate -s 16M ${image}`,
      `mkfs.ext4 -q ${image}`,
      `mount -o loop ${image} ${state}`,
    ],
  });
  await tryOnce('80:5e:c0:00:01:04');
  expect(await acksTo('80:5e:c0:00:01:04')).toBe(1);

  await inBox(`mount -o remount,abort ${state}`);
  await tryOnce('80:5e:c0:00:01:05');
  expect(await acksTo('80:5e:c0:00:01:05')).toBe(0);
  expect(await office.packets('dhcp.hw.mac_addr == 80:5e:c0:00:01:05 && dhcp.option.dhcp == 3')).not.toEqual(
    [],
  );
  expect(box.lastWords()).toContain('leases cannot be saved');
  expect(box.hasExited()).toBe(false);
});
