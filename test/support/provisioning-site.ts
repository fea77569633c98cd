/** Settings and surroundings of the provisioning part on loopback, without a test runner. */
import type { LookupFunction } from 'node:net';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { parseConfig, type Config } from '../../appliance/config.ts';
import { systemClock, type World } from '../../appliance/world.ts';

export const address = '127.0.0.1';

/** Every name is this machine. */
export const loopbackLookup: LookupFunction = (_, options, callback) => {
  if (options.all === true) callback(null, [{ address, family: 4 }]);
  else callback(null, address, 4);
};

interface SiteSettings {
  readonly directory: string;
  readonly caFile: string;
  /** The box's own; 127.0.0.1 where it is left out. */
  readonly boxAddress?: string;
  readonly formerAddresses?: readonly string[];
  /** More lines of gatehouse.toml, after the tables below. */
  readonly toml?: string;
  readonly httpPort?: number;
  readonly httpsPort?: number;
  readonly posture?: 'provision' | 'full';
  /** As the box has it where it is left out: a test that waits for a silent cloud takes less, and no other one is at the machine's mercy. */
  readonly upstreamTimeoutSeconds?: number;
}

export function siteConfig({
  directory,
  caFile,
  boxAddress = address,
  formerAddresses = [],
  toml = '',
  httpPort = 0,
  httpsPort = 0,
  posture = 'full',
  upstreamTimeoutSeconds = 20,
}: SiteSettings): Config {
  return parseConfig(`
    [site]
    address = "${boxAddress}"
    former_addresses = ${JSON.stringify(formerAddresses)}
    state_directory = "${directory}"
    posture = "${posture}"
    extra_ca_file = "${caFile}"
    [provisioning]
    http_port = ${httpPort}
    https_port = ${httpsPort}
    upstream_timeout_seconds = ${upstreamTimeoutSeconds}
    ${toml}`);
}

export function quietWorld(lines: string[] = []): World {
  const sink = new Writable({
    write: (chunk: Buffer, _, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  return { log: pino({ level: 'trace' }, sink), clock: systemClock };
}
