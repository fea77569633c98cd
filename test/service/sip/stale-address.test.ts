/** The box's address toward the cloud is another one now, and phones have not registered since. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { startSip } from '../../../appliance/sip/relay.ts';
import { openWorld } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import {
  contact,
  ear,
  inviteText,
  local,
  outward,
  registered,
  rtp,
  type Setting,
} from '../../support/sip-calls.ts';
import { bodyOf, mediaPort, responseText, sdpText } from '../../support/sip-site.ts';

/** No card has it, and no socket can be bound there. */
const former = '192.0.2.99';
const wait = { timeoutMs: 6000, everyMs: 10 };

async function registeredThere(): Promise<Setting> {
  let isMoved = false;
  const setting = await registered('udp', {
    startSip: async (file) => {
      const config = parseConfig(readFileSync(file, 'utf8'));
      if (isMoved) {
        const database = new Database(join(config.site.state_directory, 'sip', 'sip.db'));
        database.prepare('UPDATE binding SET local_address = ?').run(former);
        database.close();
      }
      return await startSip(openWorld('silent'), config);
    },
  });
  isMoved = true;
  await setting.site.restartSip();
  return setting;
}

it.each([
  ['a call', 'sip:+49301234@127.0.0.1'],
  ['a call for help', 'sip:112@127.0.0.1'],
])('%s goes out from the address that there is now, and both hear each other', async (_which, uri) => {
  const { site, phone } = await registeredThere();
  const ears = { phone: await ear(), cloud: await ear() };
  phone.send(inviteText(outward, { uri, body: sdpText(ears.phone.address().port) }));
  const flow = await site.flow(1);
  const invite = await flow.request('INVITE');
  expect(bodyOf(invite)).toContain(`c=IN IP4 ${local}`);
  expect(mediaPort(invite)).not.toBe(ears.phone.address().port);
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(ears.cloud.address().port) }));
  const answer = await phone.response(200);
  await ears.cloud.send(rtp(1), { address: local, port: mediaPort(invite) });
  await ears.phone.send(rtp(1), { address: local, port: mediaPort(answer) });
  await until('both to hear', () => (ears.phone.heard > 0 && ears.cloud.heard > 0) || undefined, wait);
});
