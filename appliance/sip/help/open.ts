/** All that calls for help need, in the order in which it is stopped again. */
import type { Config } from '../../config/schema.ts';
import type { Store } from '../../store/store.ts';
import type { World } from '../../world.ts';
import type { Adoption } from '../adoption.ts';
import type { Afterwards } from '../afterwards.ts';
import type { Application } from '../application.ts';
import type { CallTable } from '../call-table.ts';
import type { DialPlan } from '../dial-plan.ts';
import { serverWithAccount } from '../gateway/account.ts';
import { openGateway } from '../gateway/gateway.ts';
import type { SipServer } from '../srf.ts';
import { openHelpDesk } from './desk.ts';

interface Needs {
  readonly world: World;
  readonly config: Config;
  readonly dialPlan: DialPlan;
  readonly store: Store;
  readonly calls: CallTable;
  readonly adoption: Adoption;
  readonly server: SipServer;
  readonly afterwards: Afterwards;
  readonly onGateway: () => void;
}

/** `server`: to be used in the place of the one that was given, since it knows the gateway's account. */
export function openHelp(
  { world, config, dialPlan, store, calls, adoption, afterwards, onGateway, ...given }: Needs,
  opened: AsyncDisposableStack,
): Pick<Application, 'server' | 'gateway' | 'help' | 'afterwards'> {
  const server = serverWithAccount(given.server, config, { calls, adoption });
  const gateway = openGateway({ world, server, onAnswer: onGateway }, config);
  if (gateway !== undefined) opened.use(gateway);
  const help = opened.use(openHelpDesk({ world, config, dialPlan, store, server, afterwards }));
  return { server, gateway, help, afterwards };
}
