/** `gatehouse orders`: carries out what the page ordered for the box, and ends. For gatehouse-orders.service, as root. */
import { carryOutOrders } from '../box/carry-out.ts';
import type { TemplateCheck } from '../box/judge-settings.ts';
import { awaitConfirmation } from '../box/network.ts';
import { orderHandlers } from '../box/orders.ts';
import { ConfigError, defaultConfig, readConfig, type Config } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { isNetworkPending } from '../store/network-pending.ts';
import { openWorld, type World } from '../world.ts';

export async function ordersCommand(
  { configFile, rest, out }: CommandCall,
  templates?: () => Promise<TemplateCheck>,
): Promise<number> {
  if (rest.length > 0) {
    out('usage: gatehouse orders [--config FILE]');
    return 2;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const world = openWorld();
  const config = configOr(configFile, world.log);
  const needs = { ...world, config, configFile, signal: stop.signal, ...(templates && { templates }) };
  // What was not confirmed when the last process ended is waited for by this one.
  const waiting = isNetworkPending(needs.config)
    ? { kind: 'network.apply', work: awaitConfirmation(needs) }
    : undefined;
  await carryOutOrders(needs, orderHandlers, waiting);
  return 0;
}

/** Settings that can't be read must not keep their admin from writing better ones. */
function configOr(file: string, log: World['log']): Config {
  try {
    return readConfig(file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    log.error({ problems: error.problems }, 'the settings are not good: orders are carried out without them');
    return defaultConfig();
  }
}
