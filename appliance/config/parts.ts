/** Which parts of Gatehouse these settings ask for. */
import type { Config } from './schema.ts';

export type ConfiguredPart = keyof ReturnType<typeof wantedParts>;

/** The parts that these settings ask for, in start order. */
export function configuredParts(config: Pick<Config, 'dhcp' | 'site' | 'cloud'>): ConfiguredPart[] {
  const wanted = wantedParts(config);
  return (Object.keys(wanted) as ConfiguredPart[]).filter((name) => wanted[name]);
}

/** By part, in start order: facts before those who read them. */
export function wantedParts({ dhcp, site, cloud }: Pick<Config, 'dhcp' | 'site' | 'cloud'>) {
  const posture = furthestPosture(site);
  return {
    dhcp: dhcp.mode !== 'off',
    provisioning: posture !== 'assist',
    rtp: posture === 'full',
    sip: posture === 'full',
    location: true,
    cloud: cloud.url !== undefined,
    web: true,
  };
}

/** The furthest that any phone of the site is to go. */
export function furthestPosture({ posture, posture_for: rules }: Config['site']): Config['site']['posture'] {
  const wanted = new Set([posture, ...rules.map((rule) => rule.posture)]);
  return wanted.has('full') ? 'full' : wanted.has('provision') ? 'provision' : 'assist';
}
