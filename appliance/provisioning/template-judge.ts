/** Is a template of the site good? It is filled in for sample phones and read as the box reads a phone's configuration. */
import { DecodeError } from '../protocol/bytes.ts';
import type { Make } from './identify.ts';
import { renderTemplate } from './render.ts';
import { readSettings } from './settings.ts';
import type { TemplateValues } from './template-values.ts';
import { siteOverlay, type VendorProvisioning } from './vendor-files.ts';

interface Template {
  /** File name. */
  readonly name: string;
  readonly text: string;
}

/** A sentence for the person who wrote it; undefined when it is good. */
export function judgeTemplate(
  vendor: Make,
  ours: VendorProvisioning,
  template: Template,
): string | undefined {
  const shipped = ours.templates.get(template.name);
  const own = siteOverlay(ours).template;
  if (shipped === undefined && template.name !== own)
    return `is none of ${[...ours.templates.keys(), own].join(', ')}`;
  if (!ours.trustsAuthority)
    return `${vendor} phones can't be led through the box over HTTPS: nothing is laid over their configuration`;
  try {
    for (const values of samples(ours, template.name)) {
      const problem = judgeRendered(ours, { ...template, shipped }, values);
      if (problem !== undefined) return problem;
    }
    return undefined;
  } catch (error) {
    return templateError(error);
  }
}

function judgeRendered(
  ours: VendorProvisioning,
  { text, shipped }: Template & { readonly shipped: string | undefined },
  values: TemplateValues,
): string | undefined {
  const keysOf = (template: string) =>
    readSettings(ours.format, renderTemplate(ours.format, template, values)).map(({ key }) => key);
  const keys = keysOf(text);
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  if (twice !== undefined) return `sets ${twice} twice: phones differ in which one counts`;
  if (shipped === undefined) {
    const url = keys.find((key) => ours.isProvisioningUrl(key));
    return url && `sets ${url}: where phones ask is the box's business`;
  }
  const missing = keysOf(shipped).find((key) => !keys.includes(key));
  return missing && `does not set ${missing}, which the box needs here`;
}

/** A phone of which all is known, and one of which nothing is. */
function samples(ours: VendorProvisioning, name: string): TemplateValues[] {
  const common = {
    address: '192.0.2.1',
    tls_port: 5061,
    ca_url: 'http://192.0.2.1/gatehouse-ca.pem',
    ca_pem: '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n',
    ntp_server: '192.0.2.2',
    syslog_server: '192.0.2.3',
    utc_offset: '+01:00',
    utc_offset_seconds: 3600,
    utc_offset_hours: '+1',
    emergency_numbers: ['112', '911'],
    site_name: `The "Lion & Son's" <office>`,
    language: 'en',
  };
  const bootstrap = { file_url: 'https://192.0.2.1/x', directory_url: 'https://192.0.2.1/' };
  const leave = {
    cloud_url: 'https://192.0.2.9/x',
    cloud_directory: 'https://192.0.2.9/',
    cloud_scheme: 'https',
  };
  const isLeave = ours.leave.some(({ template }) => template === name);
  const isOverlay = [...ours.overlays, siteOverlay(ours)].some(({ template }) => template === name);
  const more = isLeave ? leave : isOverlay ? {} : bootstrap;
  return [
    { ...common, ...more, mac: '02:00:5e:00:53:01', model: 'SAMPLE-1' },
    { ...common, ...more, mac: '02:00:5e:00:53:02', model: '', ntp_server: '', syslog_server: '' },
  ];
}

/** With Liquid's line, without its stack of excerpts. */
export function templateError(error: unknown): string {
  const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  const [, what = text, line] = /^(.*?), (?:file:[^,]*, )?line:(\d+)(?:, col:\d+)?$/.exec(text) ?? [];
  const sentence = error instanceof DecodeError ? `a phone could not read what comes out: ${what}` : what;
  return line === undefined ? sentence : `line ${line}: ${sentence}`;
}
