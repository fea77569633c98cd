import { expect, it } from 'vitest';
import type { Application } from '../../../appliance/sip/application.ts';
import type { LiveCall } from '../../../appliance/sip/call-table.ts';
import { hangUpMoved } from '../../../appliance/sip/moved-call.ts';
import { openWorld } from '../../../appliance/world.ts';

/** `127.0.0.1` is an address of every machine, `203.0.113.77` of none. */
async function endedThrough(address: string, isLocal = false): Promise<string[]> {
  const done: string[] = [];
  const app = {
    world: openWorld('silent'),
    config: { sip: { upstream_port: 5061 } },
    bindings: { byFlow: () => [{ registrar: 'sip.example', flow: 'phone-1', local_address: address }] },
    calls: { remove: () => undefined },
    server: {
      engine: {
        flowsAt: (from: string) =>
          ['phone-1', 'phone-2'].map((id) => ({ id, fail: () => done.push(`fail ${id} from ${from}`) })),
      },
      send: ({ method, dialogId = '' }: { method: string; dialogId?: string }) => {
        done.push(`${method} ${dialogId}`.trim());
        return Promise.resolve({ final: Promise.resolve() });
      },
    },
  } as unknown as Application;
  const call = {
    id: 'c',
    state: 'trying',
    isLocal,
    binding: { flow: 'phone-1' },
    dialogs: { phone: 'inside', cloud: 'outside' },
    media: { release: () => Promise.resolve(undefined) },
    over: Promise.withResolvers<void>(),
  } as unknown as LiveCall;
  await hangUpMoved(app, call);
  return done;
}

it('the phone is told at once, whoever is outside over a connection made anew', async () => {
  expect(await endedThrough('203.0.113.77')).toEqual([
    'BYE inside',
    'fail phone-1 from 203.0.113.77',
    'OPTIONS',
    'BYE outside',
  ]);
});

it.each([
  ['a connection from an address that is still ours', '127.0.0.1', false],
  ['the connection to the cloud, in a call between two phones here,', '203.0.113.77', true],
])('%s is left alone', async (_which, address, isLocal) => {
  expect(await endedThrough(address, isLocal)).toEqual(['BYE inside', 'BYE outside']);
});
