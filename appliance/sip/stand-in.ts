/** Far ends that are not registered, as bindings: whoever calls for help without being signed in, and the gateway. */
import type { BindingRow } from '../store/bindings.ts';

type Known = Pick<BindingRow, 'aor' | 'phone' | 'source' | 'transport' | 'contact_uri' | 'local_address'> &
  Partial<BindingRow>;

/** With an empty token, which no phone has. */
export function standIn(known: Known): BindingRow {
  return {
    token: '',
    registrar: '',
    flow: '',
    mac: null,
    contact: `<${known.contact_uri}>`,
    user_agent: null,
    auth_user: null,
    auth_realm: null,
    auth_algorithm: null,
    reply: '[]',
    registered_at: 0,
    expires_at: 0,
    local_expires_at: 0,
    state: 'lost',
    ...known,
  };
}
