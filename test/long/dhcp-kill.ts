/** `kill -9` of the DHCP process at random moments under load: what was acknowledged stays so, and to one phone alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hasStarted } from '../support/dhcp-box.ts';
import { openDhcpWire, spawnBox } from '../support/dhcp-wire.ts';
import { openLab } from '../support/namespaces.ts';
import { startLeaseHolders } from './lease-holders.ts';
import type { Finding } from './results.ts';

const kills = 200;
/** Of ten kills so many come while the process starts. */
const whileStarting = 2;
const phones = 3000;
const outstanding = 32;
/** Longest time under load before a kill. */
const maxLoadMs = 400;

export async function dhcpKill(say: (line: string) => void): Promise<Finding> {
  await using lab = openLab();
  const wire = await openDhcpWire(lab, 'kill');
  await using holders = startLeaseHolders(wire, phones, { outstanding });
  let checked = 0;
  let box = spawnBox(wire);
  let startMs = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    const isStarting = kill % 10 < whileStarting;
    const spawnedAt = performance.now();
    if (isStarting) {
      await sleep(Math.random() * startMs);
    } else {
      await hasStarted(box);
      startMs = performance.now() - spawnedAt;
      const { held, broken } = await holders.check();
      if (broken.length > 0) return failed(`after ${kill - 1} kills`, broken);
      checked += held;
      if (kill % 20 === 5) say(`${kill} kills, ${held} leases held`);
      await sleep(Math.random() * maxLoadMs);
    }
    box.kill('SIGKILL');
    await box.exited;
    box = spawnBox(wire);
  }
  await hasStarted(box);
  const { held, acks, broken } = await holders.check();
  await box[Symbol.asyncDispose]();
  if (broken.length > 0) return failed(`after all ${kills} kills`, broken);
  return {
    name: 'dhcp-kill',
    passed: acks > kills && held > 0,
    detail:
      `${kills} times \`kill -9\` at random moments, ${(kills / 10) * whileStarting} of them while the process started, ` +
      `with ${phones} phones that boot, boot again and release, ${outstanding} exchanges outstanding. ` +
      `${acks} ACKs arrived; after each start under load every phone asked for its lease again, ${checked + held} times in all: ` +
      `each was acknowledged with the same address, and no address had two holders. ${held} leases held at the end.`,
  };
}

function failed(when: string, broken: readonly string[]): Finding {
  const first = broken.slice(0, 5).join('; ');
  return { name: 'dhcp-kill', passed: false, detail: `${when}, ${broken.length} broken promises: ${first}` };
}
