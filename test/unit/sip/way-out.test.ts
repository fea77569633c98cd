import { expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import type { Application } from '../../../appliance/sip/application.ts';
import type { LiveCall } from '../../../appliance/sip/call-table.ts';
import { hasWayOut } from '../../../appliance/sip/way-out.ts';
import { fakeMedia } from '../../support/fake-media.ts';

/** Addresses of every machine, and of none. */
const [present, former] = ['127.0.0.1', '203.0.113.77'];
/** Nobody has a way there: a socket must ask for the right to speak to everybody. */
const nowhere = '255.255.255.255';

interface Given {
  readonly at: string;
  readonly registrar?: string;
  /** Other ends of connections that were made from there. */
  readonly flows?: Readonly<Record<string, string>>;
}

async function waysOf({ at, registrar = 'sip.example', flows = {} }: Given) {
  const failed: string[] = [];
  let released = 0;
  const app = {
    config: parseConfig(`[site]\naddress = "127.0.0.1"\n[rtp]\ncloud_networks = ["${nowhere}/32"]\n`),
    media: fakeMedia(),
    server: {
      engine: {
        flowsAt: (address: string) =>
          address !== former
            ? []
            : Object.entries(flows).map(([id, remote]) => ({
                id,
                remote: { address: remote, port: 5061 },
                fail: () => failed.push(id),
              })),
      },
    },
  } as unknown as Application;
  const call = {
    id: 'c',
    isLocal: false,
    binding: { flow: 'phone-1', registrar, transport: 'tls', source: '127.0.0.5:5061', local_address: at },
    media: {
      addresses: { phone: present, cloud: at },
      release: () => {
        released += 1;
        return Promise.resolve(undefined);
      },
    },
  } as unknown as LiveCall;
  const is = await hasWayOut(app, call);
  return { is, at: call.media.addresses.cloud, failed, released };
}

it('an address that is there is kept', async () => {
  expect(await waysOf({ at: present })).toEqual({ is: true, at: present, failed: [], released: 0 });
});

it('one that is gone gives way to the one that leads where the connection led, and that is given up', async () => {
  const flows = { 'phone-1': present, 'phone-2': present };
  expect(await waysOf({ at: former, flows })).toEqual({
    is: true,
    at: present,
    failed: ['phone-1'],
    released: 1,
  });
});

it('without a connection the registrar counts, where it is named by its address', async () => {
  expect(await waysOf({ at: former, registrar: present })).toMatchObject({ is: true, at: present });
});

it('where nothing leads there everything stays as it was', async () => {
  expect(await waysOf({ at: former, flows: { 'phone-1': nowhere } })).toEqual({
    is: false,
    at: former,
    failed: [],
    released: 0,
  });
  expect(await waysOf({ at: former })).toMatchObject({ is: false });
});
