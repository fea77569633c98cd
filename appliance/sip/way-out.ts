/** A call's way to its registrar: its media is where our address is now, whatever it was when the phone registered. */
import { ownAddresses } from '../net/card.ts';
import { isBindable, sourceToward } from '../net/source-address.ts';
import { isIpv4 } from '../protocol/ipv4.ts';
import type { Application } from './application.ts';
import { newCallMedia, sidesToward } from './call-media.ts';
import type { LiveCall } from './call-table.ts';

/** With media of its own, toward this address of ours. */
export async function turnToRegistrar(
  app: Application,
  call: LiveCall,
  address = call.binding.local_address,
): Promise<void> {
  await call.media.release();
  call.isLocal = false;
  call.callee = undefined;
  const sides = sidesToward(app.config, { ...call.binding, local_address: address });
  call.media = newCallMedia(app.media, call.id, { ...sides, rescue: call.rescue });
}

/**
 * False: our address is gone, and there is no other one. Where there is, the call turns there, and its connection to the registrar,
 * over which nothing comes any more, is given up. A phone registers again within its time, and may call before that.
 */
export async function hasWayOut(app: Application, call: LiveCall): Promise<boolean> {
  const { cloud } = call.media.addresses;
  // Asked first: it costs a third of a look at all cards, and is asked at each call.
  if ((await isBindable(cloud)) || ownAddresses().has(cloud)) return true;
  const { flow, registrar } = call.binding;
  const dead = app.server.engine.flowsAt?.(cloud).find(({ id }) => id === flow);
  const [network = ''] = app.config.rtp.cloud_networks;
  const beyond = [dead?.remote.address, registrar, network.split('/')[0]].find(
    (address) => address !== undefined && isIpv4(address),
  );
  const address = beyond && (await sourceToward(beyond));
  if (address === undefined) return false;
  dead?.fail?.();
  await turnToRegistrar(app, call, address);
  return true;
}
