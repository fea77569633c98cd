/** The gateway's lines: the calls that ask for no help, also those that a process before us placed. */
import { hangUpAdopted } from '../adopted-call.ts';
import type { Application } from '../application.ts';
import { hangUp } from '../call-end.ts';
import type { LiveCall } from '../call-table.ts';
import { takeUp } from '../taken-up-call.ts';
import { gatewayToken } from './gateway.ts';

export function linesInUse(app: Application): number {
  return ordinaryCalls(app).length + leftBehind(app).length;
}

/** Taken from the youngest of them. False: there is none. */
export async function freeLine(app: Application): Promise<boolean> {
  for (const id of leftBehind(app)) takeUp(app, id);
  const reason = 'line needed for an emergency call';
  const youngest = ordinaryCalls(app).toSorted((a, b) => b.startedAt - a.startedAt)[0];
  if (youngest !== undefined) {
    youngest.takeBack?.();
    await hangUp(app, youngest, { reason, legs: ['phone', 'cloud'] });
    return true;
  }
  // Too little is known of them to carry them on.
  const last = leftBehind(app).at(-1);
  if (last !== undefined) await hangUpAdopted(app, [last], reason);
  return last !== undefined;
}

/** Neither for help nor a call back. */
function ordinaryCalls(app: Application): LiveCall[] {
  return app.calls
    .ofPhone(gatewayToken)
    .filter(({ isEmergency, direction }) => !isEmergency && direction === 'outbound');
}

function leftBehind({ adoption }: Application): string[] {
  return adoption.ids().filter((id) => {
    const { call, legs } = adoption.kept(id) ?? {};
    const isOrdinary = call?.direction === 'outbound' && legs?.phone.isEmergency === false;
    return isOrdinary && legs.cloud.token === gatewayToken;
  });
}
