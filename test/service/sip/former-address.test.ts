/** A phone that was told an address which the box had before registers there, and trusts what it was given there. */
import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { ensureAuthority, serverIdentity } from '../../../appliance/net/authority.ts';
import { endpointsOf } from '../../../appliance/sip/listeners.ts';
import { systemClock } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { freePort } from '../../support/free-port.ts';
import { startSipEnd } from '../../support/sip-end.ts';

const before = '127.0.0.1';
const now = '127.0.0.2';

it('the engine listens at the old address too, each with its own certificate, and not at one that is gone', async () => {
  const directory = temporaryDirectory();
  await ensureAuthority(directory, before, systemClock);
  await ensureAuthority(directory, now, systemClock);
  const port = await freePort();
  const config = parseConfig(`
    [site]
    address = "${now}"
    former_addresses = ["${before}", "192.0.2.99"]
    state_directory = "${directory}"
    [sip]
    udp_port = 0
    tcp_port = 0
    tls_port = ${port}`);
  const current = serverIdentity(directory, now);
  const listen = await endpointsOf(config);
  const { engine } = await startSipEnd([], { listen, tls: current });
  expect(engine.listening.map(({ address }) => address)).toEqual([now, before]);
  engine.setIdentity(current);
  for (const address of [before, now]) {
    const socket = connect({ host: address, port, ca: serverIdentity(directory, address).ca });
    await once(socket, 'secureConnect');
    expect(socket.getPeerCertificate().subjectaltname).toBe(`IP Address:${address}`);
    socket.destroy();
  }
});
