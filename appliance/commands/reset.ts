/** `gatehouse reset`: the box as it came. Says first which phones would be lost, and does nothing until it is told again. */
import { resetBox } from '../box/reset.ts';
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { ledPhones } from '../store/led-phones.ts';
import { openWorld } from '../world.ts';
import { orderBox } from './order-box.ts';

export async function resetCommand({ configFile, rest, out }: CommandCall): Promise<number> {
  const config = readConfig(configFile);
  const world = openWorld('warn');
  const led = ledPhones(config.site.state_directory, world.clock.now(), config.site);
  if (rest.length !== 1 || rest[0] !== 'everything') {
    out(
      'A factory reset destroys settings, accounts, places, the authority that phones trust, and the journal.',
    );
    if (led.length > 0)
      out(
        `${led.length} phones are led through this box and lose their way to the cloud: first run \`gatehouse bypass all\` and wait until all have left.`,
      );
    out('To do it: gatehouse reset everything');
    return 2;
  }
  return await orderBox({ ...world, config, configFile }, { kind: 'reset.factory', handler: resetBox, out });
}
