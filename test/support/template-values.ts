/** What templates are filled in with, as the box would. */
import type { OverlayValues } from '../../appliance/provisioning/template-values.ts';

/** Of a site that has named no time zone. */
export const noClock = { utc_offset: '', utc_offset_seconds: 0, utc_offset_hours: '' };

export const overlayValues: OverlayValues = {
  address: '10.0.0.1',
  tls_port: 5061,
  ca_url: 'http://10.0.0.1/gatehouse-ca.pem',
  ca_pem: '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n',
  ntp_server: '10.0.0.2',
  syslog_server: '10.0.0.3',
  utc_offset: '-05:00',
  utc_offset_seconds: -18_000,
  utc_offset_hours: '-5',
  emergency_numbers: ['112', '110'],
  site_name: 'office',
  language: 'en',
  mac: '00:15:65:aa:bb:01',
  model: 'SIP-T46S',
};
