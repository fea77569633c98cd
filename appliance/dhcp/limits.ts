/** How often clients are listened to: nobody may use up the server, the disk or the addresses by asking. */
import type { Config } from '../config/schema.ts';
import { newTokenBucket, takeToken } from '../net/token-bucket.ts';
import { bucketField, type BucketField } from './bucket-field.ts';
import type { ClientRequest } from './request.ts';

/** Names of counters, after `ignored_`. */
export type Excess = 'mac_too_often' | 'circuit_too_often' | 'too_many_new';

export interface Limits {
  /** Undefined when the request may be looked at. `isNew`: the client was never heard of. */
  excess(request: ClientRequest, isNew: boolean, now: number): Excess | undefined;
}

/** All phones of a large site, powered on at once after the database was lost. */
const newClientsAtOnce = 20_000;

export function openLimits({ dhcp: { limits } }: Pick<Config, 'dhcp'>): Limits {
  const perMac = perMinute(limits.messages_per_mac_per_minute);
  const perCircuit = perMinute(limits.messages_per_circuit_per_minute);
  const newClients = newTokenBucket({ burst: newClientsAtOnce, perSecond: limits.new_clients_per_second });
  return {
    excess: (request, isNew, now) => {
      if (perMac?.take(request.message.chaddr, now) === false) return 'mac_too_often';
      if (perCircuit !== undefined && request.relay?.circuitId !== undefined) {
        if (!perCircuit.take(circuitKey(request.message.giaddr, request.relay.circuitId), now))
          return 'circuit_too_often';
      }
      return isNew && !takeToken(newClients, now) ? 'too_many_new' : undefined;
    },
  };
}

/** Undefined for 0: no limit. */
function perMinute(count: number): BucketField | undefined {
  return count === 0 ? undefined : bucketField({ burst: count, perSecond: count / 60 });
}

function circuitKey(giaddr: number, circuitId: Uint8Array): Uint8Array {
  const key = Buffer.alloc(4 + circuitId.length);
  key.writeUInt32BE(giaddr);
  key.set(circuitId, 4);
  return key;
}
