/** Kinds of values that settings are made of. */
import { Type, type TSchema } from '../schema.ts';

export const text = (description: string, rest: object = {}) =>
  Type.String({ description, minLength: 1, ...rest });
export const port = (description: string, value: number, minimum = 0) =>
  Type.Integer({ description, default: value, minimum, maximum: 65_535 });
export const seconds = (description: string, value: number, maximum: number) =>
  Type.Integer({ description, default: value, minimum: 1, maximum });
export const list = <T extends TSchema>(items: T, description: string) =>
  Type.Array(items, { description, default: [] });
/** `title` and `examples` are what a refused value is answered with: never the pattern. */
/** No zeros in front: to some programs they mean octal numbers, to others no address at all. */
export const octet = String.raw`(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
export const ipv4 = (description: string, rest: object = {}) =>
  Type.String({
    description,
    title: 'an IPv4 address',
    examples: ['10.20.0.1'],
    pattern: String.raw`^${octet}(?:\.${octet}){3}$`,
    ...rest,
  });
export const cidr = (description: string) =>
  Type.String({
    description,
    title: 'a subnet (IPv4 address and prefix length)',
    examples: ['10.20.0.0/24'],
    pattern: String.raw`^${octet}(?:\.${octet}){3}/(?:[0-9]|[12][0-9]|3[0-2])$`,
  });
export const host = () =>
  text('Host name', {
    title: 'a host name alone (no "https://", no path)',
    examples: ['mainsbc-emea.sdg.teams.microsoft.com'],
    pattern: String.raw`^[a-zA-Z0-9](?:[a-zA-Z0-9.\-]*[a-zA-Z0-9])?(?::\d{1,5})?$`,
  });
export const card = (description: string, rest: object = {}) =>
  text(description, {
    title: 'the name of a network card (1 to 15 characters)',
    examples: ['eth0'],
    pattern: String.raw`^[^\s/]{1,15}$`,
    ...rest,
  });
export const table = <T extends Record<string, TSchema>>(keys: T) =>
  Type.Object(keys, { additionalProperties: false, default: {} });
