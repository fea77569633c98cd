/** What templates are filled in with, as the box would. */
import type { OverlayValues } from '../../appliance/provisioning/template-values.ts';

export const overlayValues: OverlayValues = {
  address: '10.0.0.1',
  tls_port: 5061,
  ca_url: 'http://10.0.0.1/gatehouse-ca.pem',
  ca_pem: '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n',
  ntp_server: '10.0.0.2',
  syslog_server: '10.0.0.3',
  emergency_numbers: ['112', '110'],
  site_name: 'office',
  language: 'en',
  mac: '00:15:65:aa:bb:01',
  model: 'SIP-T46S',
};
