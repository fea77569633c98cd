/** DHCP as tcpdump reads it from a capture: an independent reading of what was on the wire. */
import type { Capture } from './capture.ts';

export interface WireDhcp {
  /** As tcpdump calls it: Discover, Offer, Request, ACK, NACK, Release, … */
  readonly type: string;
  readonly mac: string;
  readonly yourIp?: string;
  /** Option number to tcpdump's text of its value. */
  readonly options: ReadonlyMap<number, string>;
}

export async function dhcpOnWire(capture: Capture): Promise<WireDhcp[]> {
  const text = await capture.text('udp and (port 67 or port 68)', ['-vvv', '-t', '-s', '0']);
  // A packet begins in the first column; its details are indented.
  return text.split(/^(?=\S)/m).flatMap((packet) => {
    const mac = /Client-Ethernet-Address ([0-9a-f:]{17})/.exec(packet)?.[1];
    const type = /DHCP-Message \(53\), length 1: (\w+)/.exec(packet)?.[1];
    if (mac === undefined || type === undefined) return [];
    const yourIp = /Your-IP ([\d.]+)/.exec(packet)?.[1];
    const options = Array.from(
      packet.matchAll(/^\s+[\w-]+ \((\d+)\), length \d+: ?(.*(?:\n\t {6}\S.*)*)$/gm),
      ([, number = '', value = '']) => [Number(number), value.trim()] as const,
    );
    return [{ type, mac, ...(yourIp === undefined ? {} : { yourIp }), options: new Map(options) }];
  });
}
