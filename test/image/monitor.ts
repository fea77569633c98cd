/** The emulator's own control line (QMP): sticks are plugged in and pulled out, and media ejected, while the machine runs. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

interface Message {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
  readonly data?: { readonly device?: string };
}

export interface Monitor extends Disposable {
  /** The file is a stick from now on. */
  plugIn(name: string, file: string): Promise<void>;
  pullOut(name: string): Promise<void>;
  /** Takes the medium out of the drive with this id. */
  eject(drive: string): Promise<void>;
}

const socketIn = (directory: string) => join(directory, 'monitor.sock');

/** Words for an emulated machine that has one. */
export function monitored(directory: string): string[] {
  return ['-qmp', `unix:${socketIn(directory)},server=on,wait=off`];
}

export async function openMonitor(directory: string): Promise<Monitor> {
  const socket = connect(socketIn(directory));
  await once(socket, 'connect');
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  const gone = new Map<string, PromiseWithResolvers<void>>();
  const hear = (line: string) => {
    const message = JSON.parse(line) as Message;
    if (message.event === 'DEVICE_DELETED') gone.get(message.data?.device ?? '')?.resolve();
    const asked = message.id === undefined ? undefined : waiting.get(message.id);
    if (message.error === undefined) asked?.resolve();
    else asked?.reject(new Error(`the emulator refuses: ${message.error.desc}`));
  };
  createInterface({ input: socket }).on('line', hear);
  let asked = 0;
  const ask = async (execute: string, words: object = {}) => {
    const id = (asked += 1);
    const answer = Promise.withResolvers<void>();
    waiting.set(id, answer);
    socket.write(`${JSON.stringify({ execute, arguments: words, id })}\n`);
    await answer.promise;
  };
  await ask('qmp_capabilities');
  return {
    plugIn: async (name, file) => {
      const from = { driver: 'file', filename: file, 'read-only': true };
      await ask('blockdev-add', { driver: 'raw', 'node-name': name, 'read-only': true, file: from });
      await ask('device_add', { driver: 'usb-storage', id: name, bus: 'usb.0', drive: name });
    },
    pullOut: async (name) => {
      const isGone = Promise.withResolvers<void>();
      gone.set(name, isGone);
      await ask('device_del', { id: name });
      await isGone.promise;
      await ask('blockdev-del', { 'node-name': name });
    },
    eject: async (drive) => await ask('eject', { id: drive, force: true }),
    [Symbol.dispose]: () => socket.destroy(),
  };
}
