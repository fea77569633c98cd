/** Name service of the stand-in cloud: dnsmasq, knows the names it is given and no other. */
import { until, type Running, words } from './command.ts';
import type { Namespace } from './namespaces.ts';

export async function startDns(
  namespace: Namespace,
  options: { address: string; names: Readonly<Record<string, string>>; logFile: string },
): Promise<Running> {
  const names = Object.entries(options.names).map(([name, address]) => `--host-record=${name},${address}`);
  const files = ['--conf-file=/dev/null', '--no-hosts', '--no-resolv', '--pid-file='];
  const running = namespace.start(
    [
      ...words('dnsmasq --keep-in-foreground --log-facility=- --log-queries --user=root'),
      ...files,
      '--bind-interfaces',
      `--listen-address=${options.address}`,
      '--local=/#/',
      ...names,
    ],
    { logFile: options.logFile },
  );
  const listens = async () => {
    const sockets = await namespace.exec(['ss', '-Hlnu', 'sport = :53']);
    return sockets.includes(options.address) || undefined;
  };
  await until('dnsmasq to listen', listens, { timeoutMs: 10_000, everyMs: 30, lastSeen: running.lastWords });
  return running;
}
