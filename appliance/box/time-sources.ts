/** Time servers of the settings as chrony reads them (chrony.conf(5), `sourcedir`). Pure. */
import type { Config } from '../config.ts';

/** Empty: the image's own are asked. */
export function timeSources({ box }: Pick<Config, 'box'>): string {
  return box.time_servers
    .map((server) => {
      const [address = '', ...more] = server.split(' ');
      return `${['server', address, 'iburst', ...more].join(' ')}\n`;
    })
    .join('');
}
