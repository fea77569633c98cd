/** Who has which address, and who was refused one, as the API answers it: what does not stand here never leaves the box. */
import { Type, type Static } from '../schema.ts';
import { vendorName, type Vendor } from '../phones/vendors.ts';
import { addressStates, type AddressPage, type ListedAddress } from '../store/address-list.ts';
import type { Audience } from './people.ts';

const text = Type.String();
const optionalText = Type.Optional(text);
const time = Type.Integer({ description: 'Milliseconds since 1970.' });
const oneOf = <const T extends readonly string[]>(values: T) => Type.Enum([...values], { type: 'string' });

/** Where a client is, as the relay that spoke for it wrote it. */
export const placeFields = {
  circuitId: Type.Optional(
    Type.String({ description: 'Option 82: the switch port, as the relay wrote it.' }),
  ),
  remoteId: Type.Optional(Type.String({ description: 'Option 82: the switch.' })),
  relay: optionalText,
};

const Address = Type.Object({
  ip: text,
  mac: text,
  state: oneOf(addressStates),
  evidence: Type.Enum(['leased', 'relayed', 'informed'], {
    type: 'string',
    description:
      'Given by this box, by another server through its relay, or told by the device when it asked for options alone.',
  }),
  server: Type.Optional(Type.String({ description: 'Whose lease it is, when not ours.' })),
  network: Type.Optional(Type.String({ description: 'The subnet of the settings that it is of.' })),
  vendor: optionalText,
  vendorName: optionalText,
  vendorClass: optionalText,
  hostname: Type.Optional(
    Type.String({ description: 'Personal: only for who has signed in, and on the box itself.' }),
  ),
  startedAt: time,
  ackedAt: Type.Optional(time),
  expiresAt: time,
  ...placeFields,
  sent: Type.Record(text, text, { description: 'Option number to what was sent.' }),
});

export const Addresses = Type.Object({
  addresses: Type.Array(Address, { description: 'In order.' }),
  total: Type.Integer({ description: 'On all pages.' }),
  next: Type.Optional(Type.String({ description: 'Ask `after` this one for the next page.' })),
});

export const addressQuery = Type.Object(
  {
    after: Type.Optional(
      Type.String({ pattern: String.raw`^(\d{1,3}\.){3}\d{1,3}$`, description: 'Addresses above this one.' }),
    ),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
  },
  { additionalProperties: false },
);

export const Refusals = Type.Object({
  refusals: Type.Array(
    Type.Object({
      mac: optionalText,
      ip: optionalText,
      words: Type.String({ description: 'Why, for a person.' }),
      at: time,
      until: time,
      count: Type.Integer({ description: 'How often it happened until `until`.' }),
    }),
    { description: 'The newest first.' },
  ),
});

export const refusalQuery = Type.Object(
  { limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }) },
  { additionalProperties: false },
);

export function addressesView({ addresses, ...page }: AddressPage, audience: Audience) {
  return { ...page, addresses: addresses.map((address) => addressView(address, audience)) };
}

function addressView(
  { circuitId, remoteId, giaddr, hostname, ...address }: ListedAddress,
  { personal }: Audience,
): Static<typeof Address> {
  return {
    ...address,
    ...(address.vendor !== undefined && { vendorName: vendorName(address.vendor as Vendor) }),
    ...(personal && hostname !== undefined && { hostname }),
    ...placeView({ circuitId, remoteId, giaddr }),
  };
}

export function placeView({ circuitId, remoteId, giaddr }: Place) {
  return {
    ...(circuitId && { circuitId: circuitId.text ?? circuitId.hex }),
    ...(remoteId && { remoteId: remoteId.text ?? remoteId.hex }),
    ...(giaddr !== undefined && { relay: giaddr }),
  };
}

type Place = { [K in 'circuitId' | 'remoteId' | 'giaddr']: ListedAddress[K] | undefined };
