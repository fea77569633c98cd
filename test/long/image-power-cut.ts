/** Power cuts of the emulated image while it serves: it comes back each time, and no lease whose ACK arrived is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openLab } from '../support/namespaces.ts';
import { relayAddress } from '../support/dhcp-wire.ts';
import { isServing } from '../image/figures.ts';
import { powerOn } from '../image/machine.ts';
import { openImageSite, type ImageSite } from '../image/site.ts';
import { startLeaseHolders } from './lease-holders.ts';
import type { Finding } from './results.ts';

const cuts = 12;
/** The first ones come while the box boots for the first time and makes its data partition. */
const earlyCuts = 3;
const phones = 500;
const maxLoadMs = 8000;

export async function imagePowerCut(say: (line: string) => void): Promise<Finding> {
  await using lab = openLab();
  const site = await openImageSite(lab);
  const relay = await site.around.device('relay', 0, { address: `${relayAddress}/16` });
  for (let cut = 1; cut <= earlyCuts; cut += 1) await cutEarly(site, say);
  // An emulated processor is slow.
  await using holders = startLeaseHolders({ relay }, phones, { outstanding: 8, lostAfterMs: 2000 });
  const backAfter: number[] = [];
  let checked = 0;
  for (let cut = 1; cut <= cuts; cut += 1) {
    await using machine = powerOn(site.options);
    backAfter.push(await isServing(machine, ['dhcp']));
    const { broken, held } = await holders.check();
    if (broken.length > 0)
      return failed(`after ${cut - 1} cuts ${broken.length} of ${held}: ${broken.slice(0, 5).join('; ')}`);
    const [state = ''] = (await machine.shell('cat /run/gatehouse-data')).split('\n');
    if (state !== 'ok') return failed(`after ${cut - 1} cuts the data partition is ${state}`);
    checked += held;
    say(`cut ${cut}: back after ${backAfter.at(-1)} s, ${held} leases held`);
    await sleep(Math.random() * maxLoadMs);
    await machine.cutPower();
  }
  return {
    name: 'image-power-cut',
    passed: checked > 0,
    detail:
      `The image under emulation, its emulator killed ${earlyCuts} times at random moments of its first boot and ${cuts} times while ` +
      `${phones} phones behind a relay booted, renewed and released. It came back each time, DHCP answering ` +
      `${Math.min(...backAfter)} to ${Math.max(...backAfter)} s after power on; ${checked} leases were asked for again ` +
      `and acknowledged with the same address, none was lost or given twice. What the guest had not flushed was lost; ` +
      `the emulating machine's page cache was not, so that a drive that lies is not covered.`,
  };
}

async function cutEarly(site: ImageSite, say: (line: string) => void): Promise<void> {
  await using machine = powerOn(site.options);
  const afterMs = 5000 + Math.random() * 40_000;
  await sleep(afterMs);
  await machine.cutPower();
  say(`cut ${(afterMs / 1000).toFixed(1)} s into the first boot`);
}

function failed(detail: string): Finding {
  return { name: 'image-power-cut', passed: false, detail };
}
