/** `firmware-templates/devices.tsv`: which models SIP Gateway takes, and their minimum and approved firmware. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFirmware } from './firmware.ts';
import { regions, type Region } from './url.ts';
import { vendorName, vendors, type Vendor } from './vendors.ts';

export interface Device {
  readonly vendor: Vendor;
  /** As Microsoft prints it, without the region. */
  readonly model: string;
  /** The build is for this region only. */
  readonly region?: Region;
  /** Absent: Microsoft prints none. */
  readonly minimum?: string;
  readonly approved: string;
  /** It never asks for a configuration: its base does. */
  readonly isHandset: boolean;
  readonly line: number;
}

const file = join(import.meta.dirname, '../../firmware-templates/devices.tsv');
const columns = [
  'vendor',
  'model',
  'kind',
  'min_firmware',
  'approved_firmware',
  'dhcp_option',
  'url_suffix',
  'location',
  'notes',
];

let known: readonly Device[] | undefined;

/** Those of this release; read once. Throws like {@link parseDevices}. */
export function knownDevices(): readonly Device[] {
  return (known ??= parseDevices(readFileSync(file, 'utf8')));
}

/** Throws an Error that names line and cell of the first mistake. */
export function parseDevices(text: string): Device[] {
  const [head = '', ...lines] = text.replace(/\n$/, '').split('\n');
  if (head !== columns.join('\t')) throw mistake(1, `the columns must be ${columns.join(', ')}`);
  const devices = new Map<string, Device>();
  for (const [at, row] of lines.entries()) {
    const device = parseDevice(row, at + 2);
    const key = `${device.vendor} ${modelKey(device.vendor, device.model)} ${device.region ?? ''}`;
    const other = devices.get(key);
    // Microsoft's own page lists a model twice: no harm while both say the same.
    if (other && (other.minimum !== device.minimum || other.approved !== device.approved)) {
      throw mistake(device.line, `${device.model} stands in line ${other.line} too, with other firmware`);
    }
    if (!other) devices.set(key, device);
  }
  return [...devices.values()];
}

function parseDevice(row: string, line: number): Device {
  const cells = row.split('\t');
  if (cells.length !== columns.length) {
    throw mistake(line, `${cells.length} cells, not ${columns.length} (they are separated by tabs)`);
  }
  const [name = '', printed = '', , minimum = '', approved = '', , , , notes = ''] = cells;
  const vendor = vendors.find((id) => vendorName(id) === name);
  if (vendor === undefined) throw mistake(line, `no vendor "${name}"`);
  const [, model = '', inName] = /^(.*?)(?: (NOAM|EMEA|APAC))?$/.exec(printed) ?? [];
  if (model === '') throw mistake(line, 'no model');
  for (const version of minimum === '' ? [approved] : [minimum, approved]) {
    if (readFirmware(vendor, version) === undefined)
      throw mistake(line, `"${version}" is no firmware version of ${name}`);
  }
  const region = regions.find((id) => id === inName?.toLowerCase());
  return {
    vendor,
    model,
    ...(region === undefined ? {} : { region }),
    ...(minimum === '' ? {} : { minimum }),
    approved,
    isHandset: /^(?:VoWiFi )?handset\b/.test(notes),
    line,
  };
}

function mistake(line: number, what: string): Error {
  return new Error(`devices.tsv, line ${line}: ${what}`);
}

/** The row of a model as a phone spells it; of several builds the one of the region. */
export function deviceOf(
  devices: readonly Device[],
  { vendor, model, region }: { vendor: Vendor; model: string; region?: Region | undefined },
): Device | undefined {
  const key = modelKey(vendor, model);
  const rows = devices.filter((row) => row.vendor === vendor && keyOf(row) === key);
  return rows.find((row) => row.region === region) ?? rows.find((row) => row.region === undefined);
}

/** What vendors put around a model: `SIP-T46S`, `CP-8841-3PCC`, `ATA191-MPP`, `M3-CE`. */
const around: Readonly<Partial<Record<Vendor, RegExp>>> = {
  yealink: /^SIP-?/,
  cisco: /^CP-?|-?(?:3PCC|MPP)$/g,
  ale: /-?CE$/,
};

/** Rows are few and asked at each request of a phone. */
const keys = new WeakMap<Device, string>();

function keyOf(row: Device): string {
  const key = keys.get(row) ?? modelKey(row.vendor, row.model);
  keys.set(row, key);
  return key;
}

/** `VVX_150` and `VVX150` are one model. */
function modelKey(vendor: Vendor, model: string): string {
  const plain = model.slice(0, 64).toUpperCase();
  const bare = around[vendor] === undefined ? plain : plain.replaceAll(new RegExp(around[vendor], 'g'), '');
  return bare.replaceAll(/[^A-Z0-9]/g, '');
}
