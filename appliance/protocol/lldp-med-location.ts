/** Where a switch port is, as LLDP-MED tells it: coordinates (RFC 6225), civic address (RFC 4776), ELIN (TIA-1057 section 10.2.4). */
import { DecodeError, type ByteReader } from './bytes.ts';
import { cleanText, text, type Shape } from './lldp-tlv.ts';

/** Fixed point as sent, with how many leading bits of it are meant. */
export interface CoordinateLocation {
  readonly format: 'coordinate';
  readonly latitudeDegrees: number;
  readonly latitudeResolution: number;
  readonly longitudeDegrees: number;
  readonly longitudeResolution: number;
  /** 1 metres, 2 floors. */
  readonly altitudeType: number;
  readonly altitude: number;
  readonly altitudeResolution: number;
  /** 1 WGS 84 (RFC 6225 section 5.1). */
  readonly datum: number;
}

export interface CivicLocation {
  readonly format: 'civic';
  /** Whose place it is: 0 the DHCP server, 1 the switch, 2 the phone. */
  readonly what: number;
  /** ISO 3166 alpha-2. */
  readonly country: string;
  /** Types from RFC 4776 section 3.4: 1 state, 3 city, 6 street, 27 floor, 28 room. */
  readonly elements: readonly { readonly type: number; readonly value: string }[];
}

export interface ElinLocation {
  readonly format: 'elin';
  /** The number to call back in an emergency. */
  readonly elin: string;
}

export type MedLocation = CoordinateLocation | CivicLocation | ElinLocation;

const formats = { coordinate: 1, civic: 2, elin: 3 } as const;
const mostElements = 64;
const coordinateBytes = 16;

export const medLocation: Shape<MedLocation> = {
  read: (reader) => {
    const format = reader.uint8();
    if (format === formats.coordinate) return readCoordinate(reader);
    if (format === formats.civic) return readCivic(reader);
    if (format === formats.elin) return readElin(reader);
    throw new DecodeError(`location format ${format}`, reader.offset);
  },
  write: (location) => {
    if (location.format === 'coordinate') return [formats.coordinate, ...writeCoordinate(location)];
    if (location.format === 'civic') return [formats.civic, ...writeCivic(location)];
    return [formats.elin, ...text(25).write(location.elin)];
  },
};

/** Bits behind the point of latitude and longitude, and of altitude (RFC 6225 section 2.3). */
const [degreeFraction, altitudeFraction] = [2 ** 25, 2 ** 8];

// 6 bits resolution, 34 bits latitude; the same for longitude; 4 bits altitude type, 6 bits resolution, 30 bits altitude; 8 bits datum
function readCoordinate(reader: ByteReader): CoordinateLocation {
  if (reader.remaining !== coordinateBytes) {
    throw new DecodeError(
      `coordinates of ${reader.remaining} bytes, ${coordinateBytes} wanted`,
      reader.offset,
    );
  }
  const [latitude, longitude, altitude] = [bits40(reader), bits40(reader), bits40(reader)];
  return {
    format: 'coordinate',
    latitudeDegrees: signed(latitude, 34) / degreeFraction,
    latitudeResolution: Number(latitude >> 34n),
    longitudeDegrees: signed(longitude, 34) / degreeFraction,
    longitudeResolution: Number(longitude >> 34n),
    altitudeType: Number(altitude >> 36n),
    altitude: signed(altitude, 30) / altitudeFraction,
    altitudeResolution: Number((altitude >> 30n) & 63n),
    datum: reader.uint8(),
  };
}

function writeCoordinate(location: CoordinateLocation): number[] {
  return [
    ...bytes40(
      (BigInt(location.latitudeResolution) << 34n) | unsigned(location.latitudeDegrees * degreeFraction, 34),
    ),
    ...bytes40(
      (BigInt(location.longitudeResolution) << 34n) |
        unsigned(location.longitudeDegrees * degreeFraction, 34),
    ),
    ...bytes40(
      (BigInt(location.altitudeType) << 36n) |
        (BigInt(location.altitudeResolution) << 30n) |
        unsigned(location.altitude * altitudeFraction, 30),
    ),
    location.datum,
  ];
}

function bits40(reader: ByteReader): bigint {
  return (BigInt(reader.uint8()) << 32n) | BigInt(reader.uint32());
}

function bytes40(value: bigint): number[] {
  return [32n, 24n, 16n, 8n, 0n].map((shift) => Number((value >> shift) & 255n));
}

function unsigned(value: number, bits: number): bigint {
  return BigInt.asUintN(bits, BigInt(Math.round(value)));
}

function signed(value: bigint, bits: number): number {
  return Number(BigInt.asIntN(bits, value));
}

/** Elements that reach past their end are cut: what came before them is still an address. */
function readCivic(reader: ByteReader): CivicLocation {
  const inside = Math.min(reader.uint8(), reader.remaining);
  if (inside < 3) throw new DecodeError(`civic address of ${inside} bytes`, reader.offset);
  const end = reader.offset + inside;
  const what = reader.uint8();
  const country = cleanText(reader.take(2));
  const elements: { type: number; value: string }[] = [];
  while (end - reader.offset >= 2 && elements.length < mostElements) {
    const type = reader.uint8();
    const length = Math.min(reader.uint8(), end - reader.offset);
    elements.push({ type, value: cleanText(reader.take(length)) });
  }
  return { format: 'civic', what, country, elements };
}

function writeCivic({ what, country, elements }: CivicLocation): number[] {
  const utf8 = new TextEncoder();
  const written = elements.flatMap(({ type, value }) => {
    const bytes = [...utf8.encode(value)];
    return [type, bytes.length, ...bytes];
  });
  const [first = 0x20, second = 0x20] = utf8.encode(country);
  return [3 + written.length, what, first, second, ...written];
}

function readElin(reader: ByteReader): ElinLocation {
  const elin = text(25).read(reader);
  if (elin === '') throw new DecodeError('empty ELIN', reader.offset);
  return { format: 'elin', elin };
}
