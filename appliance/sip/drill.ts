/** An outage that is played for some phones (`gatehouse drill`): for them it is as if their registrar were away. */
import { placeOf } from './phone-name.ts';
import type { BindingRow } from '../store/bindings.ts';
import type { Application } from './application.ts';
import type { LiveCall } from './call-table.ts';
import type { Way } from './outages.ts';

/** For one REGISTER; `phone` is its MAC by its lease, else its address. A phone whose time at the registrar would run out meanwhile goes there all the same. */
export function wayTo(
  app: Application,
  { registrar, phone, binding }: { registrar: string; phone: string; binding: BindingRow | undefined },
): Way {
  const way = app.outages.wayTo(registrar, binding?.state === 'registered' ? undefined : binding?.token);
  if (way !== 'open' || !app.lists.isInDrill(binding?.mac ?? placeOf(phone))) return way;
  const left = binding?.state === 'registered' ? binding.expires_at - app.time.now() : Infinity;
  return left > 2 * app.config.sip.local_expires_tcp_seconds * 1000 ? 'away' : way;
}

/** For one call. Nobody's call for help is part of a game. */
export function isAway({ lists, outages }: Application, { binding, isEmergency }: LiveCall): boolean {
  return outages.isOutage(binding.registrar) || (!isEmergency && lists.isInDrill(binding.mac));
}
