/** The box's DHCP part as a process of its own, as in the image. */
import { join } from 'node:path';
import { until, type Running } from './command.ts';
import type { InsideOptions, Namespace } from './namespaces.ts';

export interface BoxPlace extends InsideOptions {
  /** Handed over besides port 67 of eth0. */
  readonly sockets?: readonly string[];
  /** Words before the program, such as a tracer. */
  readonly under?: readonly string[];
}

const root = join(import.meta.dirname, '../..');

/** `config` is its file of settings. */
export function spawnDhcpBox(box: Namespace, config: string, place: BoxPlace = {}): Running {
  const { sockets = [], under = [] } = place;
  const launcher = [join(root, 'systemd/with-sockets'), 'dhcp=eth0:udp:67', ...sockets, '--'];
  const program = [process.execPath, join(root, 'appliance/main.ts'), 'run', 'dhcp', '--config', config];
  return box.start([...under, ...launcher, ...program], place);
}

/** Resolves when a server has said these words. */
export async function hasStarted(running: Running, said = 'part started'): Promise<void> {
  await until(`"${said}"`, () => running.lastWords().includes(said) || undefined, {
    timeoutMs: 20_000,
    everyMs: 10,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
}
