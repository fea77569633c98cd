/** DHCP facts of every kind, written by the real store functions, for tests of those who show them. */
import { parseIpv4 } from '../../appliance/protocol/ipv4.ts';
import { saveInformedPhone } from '../../appliance/store/informed-phones.ts';
import { saveSent } from '../../appliance/store/leases.ts';
import { saveRelayedLease } from '../../appliance/store/relayed-leases.ts';
import type { Site } from './site.ts';

export const mac = '00:15:65:aa:00:01';
export const stranger = '02:00:00:00:00:99';
const sent = JSON.stringify({
  66: 'http://127.0.0.1/tenantid/11111111-2222-3333-4444-555555555555',
  2: '-18000',
});

/** A lease past a relay, one that a client gave back, a stranger's, one of another server, one by own word, two refusals. */
export async function writeDhcpFacts(site: Site): Promise<void> {
  await site.write('dhcp', ({ db }) => saveSent(db, sent));
  await site.lease(mac, '127.0.0.100', {
    vendor: 'yealink',
    vendor_class: 'yealink',
    hostname: 'SIP-T46S',
    acked_at: Date.now(),
    circuit_id: Buffer.from('Gi1/0/3').toString('hex'),
    remote_id: Buffer.from('first floor').toString('hex'),
    giaddr: parseIpv4('10.70.0.1'),
    sent,
  });
  await site.lease('00:04:f2:aa:00:02', '127.0.0.101', { vendor: 'poly', state: 'released' });
  await site.lease(stranger, '127.0.0.102', { state: 'declined', in_use_by: stranger });
  await site.write('dhcp', (tx) => {
    const told = { sent: { 160: 'http://127.0.0.1' }, vendor: 'cisco' };
    const [now, server] = [Date.now(), parseIpv4('10.9.0.1')];
    saveRelayedLease(tx.db, {
      ...told,
      mac: '00:56:2b:aa:00:03',
      ip: parseIpv4('10.66.0.50'),
      server,
      via: '10.9.0.1',
      circuitId: null,
      remoteId: null,
      startedAt: now,
      ackedAt: now,
      expiresAt: now + 3_600_000,
    });
    saveInformedPhone(
      tx.db,
      { ...told, mac: '64:16:7f:aa:00:04', vendor: 'poly', ip: parseIpv4('10.66.0.51') },
      now,
    );
    tx.journal({ kind: 'refused', mac: '02:00:00:00:00:05', body: { reason: 'no address is left' } });
    tx.journal({ kind: 'in_use', mac: stranger, body: { ip: '127.0.0.102', probation_seconds: 3600 } });
  });
  site.report('dhcp', { state: 'ok' }, { ack_p50_microseconds: 412, ack_p99_microseconds: 2140 });
}
