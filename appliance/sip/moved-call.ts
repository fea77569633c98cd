/** Calls through an address that is no longer ours, as after a new lease of the provider: no media comes back. */
import { ownAddresses } from '../net/card.ts';
import { reopen } from './adopted-call.ts';
import type { Application } from './application.ts';
import { hangUp, sendBye } from './call-end.ts';
import type { LiveCall } from './call-table.ts';

/**
 * The far end is told over a new connection: on the old one, which went with the address, nothing arrives, and the kernel would go on
 * trying for minutes.
 */
export async function hangUpMoved(app: Application, call: LiveCall): Promise<void> {
  const reason = 'address changed';
  const headers = [{ name: 'Reason', value: `SIP;cause=408;text="${reason}"` }];
  const { cloud } = call.dialogs;
  const endOutside = async () => {
    if (!call.isLocal) await renew(app, call.binding.flow);
    await sendBye(app, cloud, headers);
  };
  await Promise.all([hangUp(app, call, { reason, legs: ['phone'], headers }), endOutside()]);
}

async function renew(app: Application, flow: string): Promise<void> {
  const upon = app.bindings.byFlow(flow);
  const own = ownAddresses();
  if (upon.every(({ local_address: address }) => own.has(address))) return;
  app.server.engine.failFlow(flow);
  await reopen(app, flow);
}
