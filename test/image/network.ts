/** The networks around an emulated box: bridges with its cards, and a namespace for each device that is plugged in. */
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import type { Lab, Namespace } from '../support/namespaces.ts';
import type { Card } from './machine.ts';

export interface Surroundings {
  /** Where the emulator runs: it has the cards' far ends, and no address. */
  readonly host: Namespace;
  readonly cards: readonly Card[];
  /** Plugs a new device into the network of this card; its card is eth0. */
  device(name: string, network: number, options?: { mac?: string; address?: string }): Promise<Namespace>;
}

/** As many networks as the box has cards. */
export async function openSurroundings(lab: Lab, networks: number): Promise<Surroundings> {
  const host = await lab.namespace('host');
  const cards = Array.from({ length: networks }, (_, at) => ({
    tap: `tap${at}`,
    mac: `52:54:00:67:68:0${at}`,
  }));
  for (const [at, { tap }] of cards.entries()) {
    await host.exec(['ip', 'link', 'add', `net${at}`, 'type', 'bridge']);
    await host.exec(['ip', 'tuntap', 'add', tap, 'mode', 'tap']);
    await host.exec(['ip', 'link', 'set', tap, 'master', `net${at}`]);
    for (const card of [`net${at}`, tap]) await host.exec(['ip', 'link', 'set', card, 'up']);
  }
  return {
    host,
    cards,
    device: async (name, network, { mac, address } = {}) => {
      const device = await lab.namespace(name);
      const socket = `to-${name}`;
      await lab.wire(
        { namespace: host, card: socket },
        { namespace: device, card: 'eth0', ...(mac === undefined ? {} : { mac }) },
      );
      await host.exec(['ip', 'link', 'set', socket, 'master', `net${network}`]);
      await host.exec(['ip', 'link', 'set', socket, 'up']);
      if (address !== undefined) await device.exec(['ip', 'addr', 'add', address, 'dev', 'eth0']);
      await device.exec(['ip', 'link', 'set', 'eth0', 'up']);
      return device;
    },
  };
}

/** Folder of a machine in the lab's. */
export function machineDirectory(lab: Lab, name: string): string {
  const directory = join(lab.directory, name);
  mkdirSync(directory, { recursive: true });
  return directory;
}
