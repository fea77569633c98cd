/** The one place where `dhcp.mode` chooses the service. */
import type { Config } from '../config/schema.ts';
import type { Part, World } from '../world.ts';
import { startInform } from './inform.ts';
import { startRelay } from './relay.ts';
import { startDhcpServer } from './server.ts';

type Start = (world: World, config: Config) => Promise<Part>;

const services: Readonly<Record<Config['dhcp']['mode'], Start>> = {
  server: startDhcpServer,
  inform: startInform,
  relay: startRelay,
  off: () => Promise.reject(new Error('dhcp.mode is "off" in the settings: there is nothing to start')),
};

/** Rejects like the chosen service. */
export async function startDhcp(world: World, config: Config): Promise<Part> {
  return await services[config.dhcp.mode](world, config);
}
