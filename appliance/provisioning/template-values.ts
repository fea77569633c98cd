/** What a template may say, and what each value has to look like: names as in `firmware-templates/README.md`. */
import type { Config } from '../config/schema.ts';
import { toldForHelp } from '../phones/emergency-numbers.ts';
import { timeOffsetSeconds } from '../phones/time-offset.ts';
import { schemaProblems } from '../schema-problems.ts';
import { Type, type Static } from '../schema.ts';

const address = String.raw`\d{1,3}(?:\.\d{1,3}){3}`;
const ipv4 = Type.String({ pattern: `^${address}$` });
const noneOrIpv4 = Type.String({ pattern: `^(?:${address})?$` });
const url = Type.String({ pattern: String.raw`^https?://[\x21-\x7e]+$`, maxLength: 4096 });

const helpNumber = /^\d{2,15}$/;
const mostHelpNumbers = 64;
const model = /^[\w .+/-]{0,64}$/;

const common = {
  /** The box on the phones' network. */
  address: ipv4,
  tls_port: Type.Integer({ minimum: 0, maximum: 65_535 }),
  ca_url: url,
  ca_pem: Type.String({ maxLength: 16_384 }),
  /** The first one that the settings name; empty when they name none. */
  ntp_server: noneOrIpv4,
  /** Empty when the settings name none. */
  syslog_server: noneOrIpv4,
  /**
   * What the wall clock is ahead of UTC now, as `+01:00`, in seconds, and as `+1` where that is whole hours between -11 and 12; empty
   * (and 0) where the settings name no time zone.
   */
  utc_offset: Type.String({ pattern: String.raw`^(?:[+-]\d\d:\d\d)?$` }),
  utc_offset_seconds: Type.Integer({ minimum: -86_400, maximum: 86_400 }),
  utc_offset_hours: Type.String({ pattern: String.raw`^(?:[+-]\d{1,2})?$` }),
  /** What people here dial for help. */
  emergency_numbers: Type.Array(Type.String({ pattern: helpNumber.source }), { maxItems: mostHelpNumbers }),
  site_name: Type.String({ maxLength: 1024 }),
  language: Type.String({ pattern: '^[a-z]{2}$' }),
  /** The phone's, with colons. */
  mac: Type.String({ pattern: '^(?:[0-9a-f]{2}(?::[0-9a-f]{2}){5})?$' }),
  /** As the phone names it; empty when it is not known. */
  model: Type.String({ pattern: model.source }),
};

const Overlay = Type.Object(common);

const Bootstrap = Type.Object({
  ...common,
  /** The URL of the request, over HTTPS; for phones that append their file names, up to the last slash. */
  file_url: url,
  directory_url: url,
});

const Leave = Type.Object({
  ...common,
  /** What the phone asked for, at the cloud itself; for phones that append their file names, up to the last slash. */
  cloud_url: url,
  cloud_directory: url,
  cloud_scheme: Type.Union([Type.Literal('http'), Type.Literal('https')]),
});

const Firmware = Type.Object({
  ...common,
  /** The file that the phone is pointed to. */
  firmware_url: url,
});

export type OverlayValues = Static<typeof Overlay>;
export type BootstrapValues = Static<typeof Bootstrap>;
export type LeaveValues = Static<typeof Leave>;
type FirmwareValues = Static<typeof Firmware>;
export type TemplateValues = OverlayValues | BootstrapValues | LeaveValues | FirmwareValues;

/** Throws with the name of the first value that no template may be filled in with. */
export function checkValues(values: TemplateValues): void {
  const schema =
    'cloud_url' in values
      ? Leave
      : 'file_url' in values
        ? Bootstrap
        : 'firmware_url' in values
          ? Firmware
          : Overlay;
  const [problem] = schemaProblems(schema, values);
  // Without the value: it may be a one-time path.
  if (problem !== undefined) throw new TypeError(`template value ${problem.key} is wrong`);
}

/** UTC is what the settings say when nobody has said anything: then it is left to DHCP. */
export function clockValues(
  timeZone: string,
  now: number,
): Pick<OverlayValues, 'utc_offset' | 'utc_offset_seconds' | 'utc_offset_hours'> {
  if (timeZone === 'UTC') return { utc_offset: '', utc_offset_seconds: 0, utc_offset_hours: '' };
  const seconds = timeOffsetSeconds(timeZone, now);
  const [hours, minutes] = [
    Math.floor(Math.abs(seconds) / 3600),
    Math.floor((Math.abs(seconds) % 3600) / 60),
  ];
  const sign = seconds < 0 ? '-' : '+';
  const isWhole = seconds % 3600 === 0 && seconds >= -39_600 && seconds <= 43_200;
  return {
    utc_offset: `${sign}${digits(hours)}:${digits(minutes)}`,
    utc_offset_seconds: seconds,
    utc_offset_hours: isWhole ? `${sign}${hours}` : '',
  };
}

const digits = (part: number) => String(part).padStart(2, '0');

/** A model is the phone's own word: one with other characters than models have is as good as none. */
export function modelValue(said = ''): string {
  return model.test(said) ? said : '';
}

/** What people dial for help, as far as phones can be told: digits, each once. */
export function numbersForPhones({
  dial_plan,
  emergency,
}: Pick<Config, 'dial_plan' | 'emergency'>): string[] {
  const { numbers, more_numbers: more } = emergency;
  const told = toldForHelp(dial_plan.country_code, { numbers, more });
  return [...new Set(told)].filter((number) => helpNumber.test(number)).slice(0, mostHelpNumbers);
}
