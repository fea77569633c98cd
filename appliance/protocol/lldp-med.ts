/** LLDP-MED: what phones and switches tell each other about voice (TIA-1057, OUI 00-12-BB). */
import { DecodeError } from './bytes.ts';
import { medLocation } from './lldp-med-location.ts';
import { record, text, uint16, uint8, type Fields, type Shape, type Table } from './lldp-tlv.ts';

export const medOui = 0x00_12_bb;

/** TIA-1057 table 11; 4 is network connectivity: a switch. */
export const medClass = { generic: 1, media: 2, communication: 3, connectivity: 4 } as const;

export interface NetworkPolicy {
  /** 1 is voice, 2 voice signalling (TIA-1057 table 12). */
  readonly application: number;
  readonly isUnknown: boolean;
  readonly isTagged: boolean;
  readonly vlanId: number;
  readonly priority: number;
  readonly dscp: number;
}

// 8 bits application, 1 bit unknown, 1 bit tagged, 1 bit reserved, 12 bits VLAN, 3 bits priority, 6 bits DSCP
const networkPolicy: Shape<NetworkPolicy> = {
  read: (reader) => {
    const application = reader.uint8();
    const rest = (reader.uint8() << 16) | reader.uint16();
    return {
      application,
      isUnknown: (rest & 0x80_00_00) !== 0,
      isTagged: (rest & 0x40_00_00) !== 0,
      vlanId: (rest >> 9) & 0xf_ff,
      priority: (rest >> 6) & 7,
      dscp: rest & 63,
    };
  },
  write: ({ application, isUnknown, isTagged, vlanId, priority, dscp }) => {
    const rest =
      (isUnknown ? 0x80_00_00 : 0) | (isTagged ? 0x40_00_00 : 0) | (vlanId << 9) | (priority << 6) | dscp;
    return [application, rest >> 16, (rest >> 8) & 255, rest & 255];
  },
};

// 2 bits type, 2 bits source, 4 bits priority, 16 bits power in 0.1 W
const extendedPower: Shape<{ type: number; source: number; priority: number; power: number }> = {
  read: (reader) => {
    const first = reader.uint8();
    return { type: first >> 6, source: (first >> 4) & 3, priority: first & 15, power: reader.uint16() };
  },
  write: ({ type, source, priority, power }) => [
    (type << 6) | (source << 4) | priority,
    ...uint16.write(power),
  ],
};

/** TIA-1057 allows inventory strings of 32 bytes; an empty one says nothing. */
const inventory: Shape<string> = {
  read: (reader) => {
    if (reader.remaining === 0) throw new DecodeError('empty inventory string');
    return text(32).read(reader);
  },
  write: text(32).write,
};

export const medTable = {
  capabilities: { type: 1, ...record({ capabilities: uint16, class: uint8 }) },
  networkPolicies: { type: 2, most: 16, ...networkPolicy },
  locations: { type: 3, most: 3, ...medLocation },
  extendedPower: { type: 4, ...extendedPower },
  hardwareRevision: { type: 5, ...inventory },
  firmwareRevision: { type: 6, ...inventory },
  softwareRevision: { type: 7, ...inventory },
  serialNumber: { type: 8, ...inventory },
  manufacturer: { type: 9, ...inventory },
  model: { type: 10, ...inventory },
  assetId: { type: 11, ...inventory },
} as const satisfies Table;

export type Med = Fields<typeof medTable>;
