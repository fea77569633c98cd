/** Runs the closed loop of `dhcp-client.ts` against a server. */
import { join } from 'node:path';
import { relayAddress, serverAddress, type DhcpWire } from '../support/dhcp-wire.ts';
import type { LoopResult } from './dhcp-client.ts';

export interface Loop {
  /** Phones that boot one after the other, and then again from the first. */
  readonly clients: number;
  readonly outstanding: number;
  /** 0: each client once. */
  readonly seconds: number;
  readonly first?: number;
}

export async function runLoop({ relay }: DhcpWire, loop: Loop): Promise<LoopResult> {
  const program = join(import.meta.dirname, 'dhcp-client.ts');
  const numbers = [loop.clients, loop.outstanding, loop.seconds, loop.first ?? 0].map(String);
  const out = await relay.exec([process.execPath, program, serverAddress, relayAddress, ...numbers], {
    timeoutMs: 60_000,
  });
  return JSON.parse(out) as LoopResult;
}
