/** What `gatehouse snippet` prints, loaded into the servers that it is for; a real client asks as each vendor's phone. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { words } from '../support/command.ts';
import { foreignServers, startForeignDhcp } from '../support/foreign-dhcp.ts';
import type { Namespace } from '../support/namespaces.ts';
import { asNumber, asText, openDhcpOffice, writeBoxConfig, type DhcpOffice } from './dhcp-office.ts';

const url = 'http://10.66.0.1/tenantid/11111111-2222-3333-4444-555555555555';

/** Title, option 60, MAC prefix, option that carries the URL, URL. Prefixes 02:… are nobody's. */
const phones: readonly (readonly [string, string, string, number, string])[] = [
  ['Yealink phone that says nothing', '', '80:5e:c0', 66, url],
  ['Yealink phone with a MAC of nobody', 'yealink', '02:00:01', 66, url],
  ['Poly phone that says nothing', '', '64:16:7f', 160, url],
  ['Poly phone whose class is text', 'Polycom-VVX410', '02:00:02', 160, url],
  ['Poly phone whose class is binary', '\0\0\x36\x3d\x0b\x01\x04Poly', '02:00:03', 160, url],
  ['Poly adapter', 'OBIHAI', '02:00:04', 160, `${url}/$mac.cfg`],
  ['Cisco phone', 'Cisco Systems, Inc. IP Phone CP-8851-3PCC', '02:00:05', 160, `${url}/$PSN.xml`],
  ['Cisco phone whose class ends in NUL', 'CP-7841-3PCC\0', '02:00:06', 160, `${url}/$PSN.xml`],
  ['Cisco adapter', 'CISCO ATA191-MPP', '02:00:07', 160, `${url}/mac.cfg`],
  ['AudioCodes phone', '', '00:90:8f', 160, url],
  ['ALE phone', 'alcatel.sip.0', '02:00:08', 66, url],
  ['Snom phone', '', '00:04:13', 66, url],
  ['Poly phone behind a Yealink MAC', 'Polycom-VVX410', '80:5e:0c', 160, url],
];
const others = [
  ['PC', 'MSFT 5.0', '02:00:0a'],
  ['PC that says nothing', '', '02:00:0b'],
  ['computer whose class only resembles', 'CP-UNIX', '02:00:0c'],
] as const;

let office: DhcpOffice;
let desk: Namespace;
let config: string;

beforeAll(async () => {
  office = await openDhcpOffice();
  desk = await office.phone('desk', '02:00:00:00:00:01');
  config = writeBoxConfig(office.lab.directory, {});
  writeFileSync(join(office.lab.directory, 'nothing'), '#!/bin/sh\n', { mode: 0o755 });
});

afterAll(async () => await office[Symbol.asyncDispose]());

/** One exchange; the client asks for nothing of ours, so that what comes was sent to every phone of its class. */
async function ask(mac: string, vendorClass: string): Promise<void> {
  await desk.exec(['ip', 'link', 'set', 'eth0', 'address', mac]);
  const said = Buffer.from(vendorClass, 'latin1').toString('hex');
  const script = join(office.lab.directory, 'nothing');
  const class60 = ['-V', '', ...(said === '' ? [] : ['-x', `0x3c:${said}`])];
  await desk.exec([...words('udhcpc -q -n -f -i eth0 -t 6 -T 1 -s'), script, ...class60]);
}

describe.each(foreignServers)('%s', (server) => {
  it("tells every vendor's phone its URL and the time, and other devices nothing", async () => {
    const number = foreignServers.indexOf(server) + 1;
    const macOf = (prefix: string) => `${prefix}:00:00:0${number}`;
    const command = [process.execPath, 'appliance/main.ts', 'snippet', server, '--config', config];
    const snippet = await office.box.exec(command);
    const site = { namespace: office.box, directory: join(office.lab.directory, server) };
    await using _running = await startForeignDhcp(server, site, snippet);
    for (const [, vendorClass, prefix] of [...phones, ...others]) await ask(macOf(prefix), vendorClass);

    const acks = new Map((await office.packets('dhcp.option.dhcp == 5')).map((ack) => [ack.mac, ack]));
    const told = (prefix: string) => {
      const options = acks.get(macOf(prefix))?.options ?? new Map<number, string>();
      return {
        isAnswered: acks.has(macOf(prefix)),
        // dnsmasq ends option 66 with a NUL, which a receiver has to drop (RFC 2132 section 2).
        66: options.has(66) ? asText(options.get(66)).replace(/\0$/, '') : undefined,
        160: options.has(160) ? asText(options.get(160)) : undefined,
        43: options.has(43) ? asText(options.get(43)) : undefined,
        42: options.get(42),
        hasOffset: options.has(2),
      };
    };
    const nothing = {
      isAnswered: true,
      66: undefined,
      160: undefined,
      43: undefined,
      42: undefined,
      hasOffset: false,
    };
    // Sub-option 66, once more for older firmware.
    const inside = `B${String.fromCodePoint(url.length)}${url}`;
    expect(phones.map(([title, , prefix]) => [title, told(prefix)])).toEqual(
      phones.map(([title, , , option, address]) => [
        title,
        {
          ...nothing,
          [option]: address,
          43: title === 'ALE phone' ? inside : undefined,
          42: '0a420001',
          hasOffset: true,
        },
      ]),
    );
    expect(others.map(([title, , prefix]) => [title, told(prefix)])).toEqual(
      others.map(([title]) => [title, nothing]),
    );
    const offset = acks.get(macOf('80:5e:c0'))?.options.get(2);
    const zone = await office.box.exec(['env', 'TZ=America/New_York', 'date', '+%z']);
    expect(asNumber(offset)).toBe((Number(zone) / 100) * 3600);
  });
});
