/** Organisationally specific TLVs of IEEE 802.3 (OUI 00-12-0F): speed, power, frame size, energy (802.3 clause 79). */
import { record, uint16, uint32, uint8, type Fields, type Shape, type Table } from './lldp-tlv.ts';

export const dot3Oui = 0x00_12_0f;

export interface MdiPower {
  /** 1 bit port class (1: PSE), 1 bit supported, 1 bit enabled, 1 bit pairs controllable, from the lowest. */
  readonly support: number;
  readonly pair: number;
  readonly powerClass: number;
  /** 802.3at: 2 bits type, 2 bits source, 2 bits reserved, 2 bits priority; powers in 0.1 W. */
  readonly at?: {
    readonly typeSourcePriority: number;
    readonly requested: number;
    readonly allocated: number;
  };
  /** 802.3bt: powers of alternatives A and B and of the whole, in 0.1 W. */
  readonly bt?: ReturnType<typeof bt.read>;
}

const at = record({ typeSourcePriority: uint8, requested: uint16, allocated: uint16 });

const bt = record({
  requestedA: uint16,
  requestedB: uint16,
  allocatedA: uint16,
  allocatedB: uint16,
  status: uint16,
  systemSetup: uint8,
  maxAvailable: uint16,
  autoclass: uint8,
  powerDownHigh: uint8,
  powerDownLow: uint16,
});

const [atBytes, btBytes] = [5, 17];

/** Longer forms are the older ones with more behind: what is there decides. */
const mdiPower: Shape<MdiPower> = {
  read: (reader) => ({
    support: reader.uint8(),
    pair: reader.uint8(),
    powerClass: reader.uint8(),
    ...(reader.remaining >= atBytes ? { at: at.read(reader) } : {}),
    ...(reader.remaining >= btBytes ? { bt: bt.read(reader) } : {}),
  }),
  write: (value) => [
    value.support,
    value.pair,
    value.powerClass,
    ...(value.at ? at.write(value.at) : []),
    ...(value.at && value.bt ? bt.write(value.bt) : []),
  ],
};

export const dot3Table = {
  // autoNegotiation: 1 bit supported, 1 bit enabled, from the lowest
  macPhy: { type: 1, ...record({ autoNegotiation: uint8, advertised: uint16, mauType: uint16 }) },
  mdiPower: { type: 2, ...mdiPower },
  linkAggregation: { type: 3, ...record({ status: uint8, portId: uint32 }) },
  maxFrameSize: { type: 4, ...uint16 },
  energyEfficiency: {
    type: 5,
    ...record({
      transmit: uint16,
      receive: uint16,
      fallback: uint16,
      echoTransmit: uint16,
      echoReceive: uint16,
    }),
  },
} as const satisfies Table;

export type Dot3 = Fields<typeof dot3Table>;
