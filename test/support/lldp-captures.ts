/** The captures of `test/fixtures/lldp`, frame by frame. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PcapStream } from '../../appliance/protocol/pcap.ts';

const directory = join(import.meta.dirname, '../fixtures/lldp');

export const captureNames = readdirSync(directory).filter((name) => name.endsWith('.pcap'));

/** Frames from 0, each with its Ethernet header. */
export function framesOf(capture: string): Uint8Array[] {
  return new PcapStream().push(readFileSync(join(directory, capture))).map(({ bytes }) => bytes);
}

export function readFixture(name: string): unknown {
  return JSON.parse(readFileSync(join(directory, name), 'utf8'));
}

export function captureBytes(capture: string): Uint8Array {
  return readFileSync(join(directory, capture));
}
