import { expect, test } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { wantedParts } from '../../../appliance/config/parts.ts';

test.each([
  ['assist', '', false],
  ['assist', 'full', true],
  ['full', 'assist', true],
])('posture "%s" with "%s" for one phone: SIP runs: %s', (ofSite, ofPhone, runs) => {
  const rule =
    ofPhone === '' ? '' : `[[site.posture_for]]\nposture = "${ofPhone}"\nmac = "80:5e:c0:12:34:56"`;
  const config = parseConfig(`[site]\naddress = "10.0.0.1"\nposture = "${ofSite}"\n${rule}`);
  expect(wantedParts(config)).toMatchObject({ sip: runs, rtp: runs, provisioning: runs });
});
