import type { BindingRow } from '../../appliance/store/bindings.ts';

/** A phone's registration in the store, made at `at` (ms since 1970), for an hour upstream and a minute here. */
export function bindingRow(at: number, more: Partial<BindingRow> = {}): BindingRow {
  return {
    token: '0123',
    aor: '1001@office.example',
    registrar: '127.0.0.1',
    phone: '10.0.0.1',
    flow: 'phone-1',
    mac: null,
    contact: '<sip:1001@10.0.0.1>',
    contact_uri: 'sip:1001@10.0.0.1',
    source: '10.0.0.1:5060',
    transport: 'tls',
    user_agent: null,
    auth_user: null,
    auth_realm: null,
    auth_algorithm: null,
    local_address: '127.0.0.1',
    reply: '[]',
    registered_at: at,
    expires_at: at + 3_600_000,
    local_expires_at: at + 60_000,
    state: 'registered',
    ...more,
  };
}
