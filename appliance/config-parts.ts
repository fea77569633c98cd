/** Which parts of Gatehouse these settings ask for. */
import type { Config } from './config-schema.ts';

/** By part, in start order: facts before those who read them. */
export function wantedParts({ dhcp, site, cloud }: Pick<Config, 'dhcp' | 'site' | 'cloud'>) {
  return {
    dhcp: dhcp.mode !== 'off',
    provisioning: site.posture !== 'assist',
    rtp: site.posture === 'full',
    sip: site.posture === 'full',
    location: true,
    cloud: cloud.url !== undefined,
    web: true,
  };
}
