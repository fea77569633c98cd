/** Where others may lead a call, by a 3xx or by REFER: to a number, or to somebody at a host that calls go to anyway. */
import { param, withoutParam, type SipUri } from '../protocol/sip-uri.ts';
import type { BindingRow } from '../store/bindings.ts';
import type { Application } from './application.ts';
import { isRegistrar } from './registrars.ts';

export interface Whereto {
  /** Registrars, and the domain of the phone's own address. */
  readonly isOfCloud: (host: string) => boolean;
  /** A phone that knows us as its server means its registrar. */
  readonly own: readonly string[];
  readonly registrar: string;
}

export function wheretoOf(
  { config: { sip, site } }: Pick<Application, 'config'>,
  { aor, local_address: local, registrar }: Pick<BindingRow, 'aor' | 'local_address' | 'registrar'>,
): Whereto {
  const hosts = [...sip.registrars, registrar, aor.split('@')[1] ?? ''];
  return { isOfCloud: (host) => isRegistrar(host, hosts), own: [site.address, local], registrar };
}

/** A number alone (RFC 3966), which every registrar can read. */
export function isNumber(uri: string): boolean {
  return /^tel:[^?]+$/i.test(uri);
}

/** As the other leg may be told it, without header fields; undefined when it leads elsewhere. */
export function ledTo(uri: SipUri, { isOfCloud, own, registrar }: Whereto): SipUri | undefined {
  const { scheme, user, params } = uri;
  const isOurs = own.includes(uri.host) && user !== undefined;
  // `maddr` leads elsewhere than the host says (RFC 3261 section 19.1.1).
  if (param(params, 'maddr') !== undefined || !(isOurs || isOfCloud(uri.host))) return undefined;
  // By the connection that is there: nobody must open one in clear.
  const kept = withoutParam(params, 'transport');
  if (isOurs) return { scheme, user, host: registrar, params: kept };
  const { headers: _, ...rest } = uri;
  return { ...rest, params: kept };
}
