/** Whether each part of a box does its work, as a phone and the page's reader find it; and whether one had to be started again. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/command.ts';
import { readClientLease, startDhcpClient } from '../../support/dhcp-client.ts';
import type { EmulatedMachine } from '../machine.ts';
import { bootMs, pageUrl, type UpdateSite } from './box.ts';

const options = join(import.meta.dirname, '../../support/ask-options-process.ts');
const agent = 'Yealink SIP-T46S 66.86.0.15 80:5e:c0:00:00:01';

/** Waits until all of it is there: a lease, a configuration, an answer to OPTIONS and the page. */
export async function isServed({ lab, phone }: UpdateSite, machine: EmulatedMachine): Promise<void> {
  const waiting = {
    timeoutMs: bootMs,
    everyMs: 500,
    hopeless: machine.hasEnded,
    lastSeen: () => machine.console().slice(-3000),
  };
  const directory = join(lab.directory, 'udhcpc');
  rmSync(directory, { recursive: true, force: true });
  const vendorClass = Buffer.from('yealink');
  await using _client = startDhcpClient(phone, { client: 'udhcpc', card: 'eth0', directory, vendorClass });
  await until('a lease', () => readClientLease(directory), waiting);
  const guard = { timeoutMs: 70_000 };
  const curl = ['curl', '-sfk', '--max-time', '60'];
  const says = async (what: string, command: readonly string[], expected: string) =>
    await until(
      what,
      async () => (await phone.exec(command, guard)).includes(expected) || undefined,
      waiting,
    );
  await says(
    'a configuration',
    [...curl, '-A', agent, 'http://10.66.0.1/805ec0000001.cfg'],
    '#!version:1.0.0.1',
  );
  await says('an answer to OPTIONS', [process.execPath, options, '10.66.0.1'], '200');
  await says('the page', [...curl, `${pageUrl}/api/access`], '"wants":"set-up"');
}

/** Units of the box that ended and were started again since it booted, each with how often; none when all is well. */
export async function startedAgain(machine: EmulatedMachine): Promise<string[]> {
  const units = "'gatehouse*' chrony systemd-networkd systemd-resolved";
  const text = await machine.shell(`systemctl show -p Id -p NRestarts ${units}`);
  return text
    .split('\n\n')
    .map((block) =>
      Object.fromEntries(
        block
          .trim()
          .split('\n')
          .map((line) => line.split('=')),
      ),
    )
    .filter(({ NRestarts: count }) => Number(count ?? 0) > 0)
    .map(({ Id: id, NRestarts: count }) => `${id} ${count}`);
}
