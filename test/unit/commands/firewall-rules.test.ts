import { expect, it } from 'vitest';
import { firewallRules } from '../../../appliance/commands/firewall-rules.ts';
import { parseConfig } from '../../../appliance/config.ts';

const openingsFor = (settings: string) =>
  [...firewallRules(parseConfig(settings)).matchAll(/accept comment "([^"]*)"/g)].map((match) => match[1]);

it('with the page on this machine alone and the least posture, only time is let in, and what DHCP servers answer that are asked', () => {
  const settings = '[site]\naddress = "10.20.0.1"\nposture = "assist"\n[dhcp]\ninterface = "eth7"\n';
  expect(openingsFor(settings)).toEqual(['what other DHCP servers answer', 'time']);
  expect(firewallRules(parseConfig(settings))).toContain(
    'iifname { "eth7" } udp sport 67 udp dport 68 accept',
  );
});

it('what is turned off is not let in', () => {
  const off = '[sip]\nudp_port = 0\ntcp_port = 0\n[web]\naddress = "10.30.0.1"\n';
  const rules = firewallRules(parseConfig(`[site]\naddress = "10.20.0.1"\n${off}`));
  expect(rules).toContain('ip daddr 10.20.0.1 tcp dport { 5061 } accept');
  expect(rules).not.toContain('udp dport 5060');
  expect(rules).toContain('ip daddr 10.30.0.1 tcp dport { 8080 } accept');
});

it('phones are let in at the addresses that the box had before', () => {
  const site = '[site]\naddress = "10.20.0.1"\nformer_addresses = ["10.20.0.9"]\n';
  expect(firewallRules(parseConfig(site))).toContain(
    'ip daddr { 10.20.0.1, 10.20.0.9 } tcp dport { 80, 443 } accept',
  );
});

it('plug and play is let in where it is on', () => {
  expect(openingsFor('[site]\naddress = "10.20.0.1"\n[provisioning]\npnp = "watch"\n')).toContain(
    'SIP plug and play',
  );
});

it('syslog of phones is let in where it is on, at the address that phones are told', () => {
  const site = '[site]\naddress = "10.20.0.1"\nformer_addresses = ["10.20.0.9"]\n';
  expect(openingsFor(site)).not.toContain('syslog of phones');
  expect(firewallRules(parseConfig(`${site}[provisioning]\nsyslog = true\n`))).toContain(
    'ip daddr 10.20.0.1 udp dport 514 accept',
  );
});

it('media is marked for good service where there is any', () => {
  const settings = '[site]\naddress = "10.20.0.1"\n[rtp]\nfirst_port = 30000\nlast_port = 30999\n';
  const mark = 'udp sport 30000-30999 ip dscp set ef';
  expect(firewallRules(parseConfig(settings))).toContain(mark);
  expect(firewallRules(parseConfig(settings.replace('[rtp]', 'posture = "assist"\n[rtp]')))).not.toContain(
    mark,
  );
});

it('a card whose name could end the string is refused', () => {
  const settings = '[site]\naddress = "10.20.0.1"\n[dhcp]\nmode = "inform"\ninterface = \'a"}\'\n';
  expect(() => firewallRules(parseConfig(settings))).toThrow(/rename it/);
});
