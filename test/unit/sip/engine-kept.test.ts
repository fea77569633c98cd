/** Finished transactions stay for half a minute, and there are thousands: what each of them keeps is the memory of the part. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { newTestNetwork } from '../../support/sip-cores.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

it.each(['INVITE', 'MESSAGE'])(
  'of an %s that was answered nothing is kept but the answer',
  async (method) => {
    const { one, two, wire } = newTestNetwork('udp');
    await one.send(method, { body: 'v=0' });
    const body = new WeakRef(two.requests[0]?.request.body ?? new Uint8Array());
    two.answer(two.requests.pop(), 486);
    // A reference that was followed in this turn counts as one.
    await nextTurn();
    collectGarbage();
    expect(body.deref()).toBeUndefined();
    expect(two.transactions.servers.size).toBe(1);
    expect(wire).toContain(`two 486 ${method}`);
  },
);
