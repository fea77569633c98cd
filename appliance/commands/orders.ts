/** `gatehouse orders`: carries out what the page ordered for the box, and ends. For gatehouse-orders.service, as root. */
import { carryOutOrders } from '../box/carry-out.ts';
import { orderHandlers } from '../box/orders.ts';
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { openWorld } from '../world.ts';

export async function ordersCommand({ configFile, rest, out }: CommandCall): Promise<number> {
  if (rest.length > 0) {
    out('usage: gatehouse orders [--config FILE]');
    return 2;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const needs = { ...openWorld(), config: readConfig(configFile), configFile, signal: stop.signal };
  await carryOutOrders(needs, orderHandlers);
  return 0;
}
