import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { decodeMessage, encodeMessage, type DhcpMessage } from '../../../appliance/protocol/dhcp.ts';
import { decodeOptions, encodeOptions, type DhcpOptions } from '../../../appliance/protocol/dhcp-options.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';

const none = new Uint8Array(0);
const blank: DhcpMessage = {
  op: 'request',
  htype: 1,
  hops: 0,
  xid: 0x01_02_03_04,
  secs: 0,
  flags: 0,
  ciaddr: 0,
  yiaddr: 0,
  siaddr: 0,
  giaddr: 0,
  chaddr: Uint8Array.of(0x80, 0x5e, 0xc0, 1, 2, 3),
  sname: none,
  file: none,
  options: new Map(),
};

/** Header of a request from 80:5e:c0:01:02:03, xid 01020304, up to and with the cookie. */
const head = `0101060001020304${'00'.repeat(20)}805ec0010203${'00'.repeat(10 + 64 + 128)}63825363`;
const message = (options: string, header = head) => Buffer.from(header + options, 'hex');
const padded = (hex: string) => hex.padEnd(600, '0');

/** Title, message with its options by name, all bytes as hex. */
const rows: [string, DhcpMessage, DhcpOptions, string][] = [
  [
    'a DISCOVER of a Yealink phone',
    blank,
    {
      messageType: 1,
      maxMessageSize: 1472,
      parameterRequestList: Uint8Array.of(1, 3, 66),
      vendorClass: Buffer.from('yealink'),
    },
    padded(`${head}350101390205c037030103423c077965616c696e6bff`),
  ],
  [
    'an ACK with the options of a phone in New York',
    { ...blank, op: 'reply', flags: 0x8000, yiaddr: parseIpv4('10.66.0.105') },
    {
      messageType: 5,
      serverIdentifier: parseIpv4('10.66.0.1'),
      leaseTime: 28_800,
      tftpServerName: 'http://10.66.0.1',
      ntpServers: [parseIpv4('10.66.0.1'), parseIpv4('10.66.0.2')],
      timeOffset: -18_000,
    },
    padded(
      `020106000102030400008000000000000a420069${'00'.repeat(8)}805ec0010203${'00'.repeat(202)}63825363` +
        '35010536040a4200013304000070804210687474703a2f2f31302e36362e302e312a080a4200010a4200020204ffffb9b0ff',
    ),
  ],
  [
    'an offset of zero, which is UTC and not "no offset"',
    blank,
    { timeOffset: 0 },
    padded(`${head}020400000000ff`),
  ],
  [
    'a relayed message with server name, boot file and option 82',
    {
      ...blank,
      hops: 1,
      giaddr: parseIpv4('10.66.255.2'),
      sname: Buffer.from('boot'),
      file: Buffer.from('f.cfg'),
    },
    { relayAgentInformation: Buffer.from('0106000400010102', 'hex') },
    padded(
      `0101060101020304${'00'.repeat(16)}0a42ff02805ec0010203${'00'.repeat(10)}` +
        `${'626f6f74'.padEnd(128, '0')}${'662e636667'.padEnd(256, '0')}6382536352080106000400010102ff`,
    ),
  ],
];

/** What decoding comes to; anything but these two is thrown on. */
function decoded(bytes: Uint8Array): 'value' | 'DecodeError' {
  try {
    decodeOptions(decodeMessage(bytes).options);
    return 'value';
  } catch (error) {
    if (error instanceof DecodeError) return 'DecodeError';
    throw error;
  }
}

const comparable = ({ options, ...rest }: DhcpMessage) => ({
  ...rest,
  chaddr: [...rest.chaddr],
  sname: [...rest.sname],
  file: [...rest.file],
  options: [...options].map(([code, value]) => [code, [...value]]),
});

describe('one row, both directions', () => {
  test.each(rows)('%s', (...[, header, options, hex]) => {
    const whole = { ...header, options: encodeOptions(options) };
    expect(Buffer.from(encodeMessage(whole).bytes).toString('hex')).toBe(hex);
    const read = decodeMessage(Buffer.from(hex, 'hex'));
    expect(comparable(read)).toEqual(comparable(whole));
    const named = Object.entries(decodeOptions(read.options)).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? [...value] : value,
    ]);
    expect(Object.fromEntries(named)).toEqual(
      Object.fromEntries(
        Object.entries(options).map(([name, value]) => [
          name,
          value instanceof Uint8Array ? [...value] : value,
        ]),
      ),
    );
  });
});

test('a message cut anywhere is a value or a DecodeError, never anything else', () => {
  for (const [, , , hex] of rows) {
    const bytes = Buffer.from(hex, 'hex');
    for (let length = 0; length <= bytes.length; length += 1) {
      expect(['value', 'DecodeError']).toContain(decoded(bytes.subarray(0, length)));
    }
    expect(() => decodeMessage(bytes.subarray(0, 239))).toThrow(DecodeError);
  }
});

test('a message longer than any frame is refused', () => {
  expect(() => decodeMessage(new Uint8Array(9001).fill(1))).toThrow('a message of 9001 bytes');
});

test('options that say more bytes than there are give a DecodeError with the place', () => {
  expect(() => decodeMessage(message('3704010203'))).toThrow(/4 bytes wanted, 3 left at byte 242/);
  expect(() => decodeMessage(message('37'))).toThrow(DecodeError);
});

const asking = (codes: number[]) =>
  message(`35010137${codes.length.toString(16).padStart(2, '0')}${Buffer.from(codes).toString('hex')}ff`);

describe('what ended other servers', () => {
  test.each([50, 52, 53, 55, 56, 60, 61, 80, 116, 145])('a client may ask for option %i', (code) => {
    expect(decodeOptions(decodeMessage(asking([code])).options).parameterRequestList).toEqual(
      Buffer.from([code]),
    );
  });

  test('a client may ask for options that nobody knows', () => {
    expect(decodeOptions(decodeMessage(asking([93, 125, 160])).options).parameterRequestList).toHaveLength(3);
  });

  test('a datagram under 230 bytes is malformed and no more', () => {
    for (const length of [0, 1, 100, 229])
      expect(() => decodeMessage(new Uint8Array(length))).toThrow(DecodeError);
  });

  test('a pad takes no byte of what follows', () => {
    expect(decodeOptions(decodeMessage(message('00003501010032040a420069ff')).options)).toEqual({
      messageType: 1,
      requestedAddress: parseIpv4('10.66.0.105'),
    });
  });

  test('another cookie is no DHCP', () => {
    expect(() => decodeMessage(message('350101ff', head.replace(/63825363$/, '00000000')))).toThrow(
      /magic cookie/,
    );
  });

  test('a client identifier with zeros in it is kept whole', () => {
    const { options } = decodeMessage(message('3d0701000c29112233ff'));
    expect(Buffer.from(options.get(61) ?? none).toString('hex')).toBe('01000c29112233');
  });

  test('a hardware address longer than its field is malformed', () => {
    expect(() => decodeMessage(message('350101ff', `0101ff${head.slice(6)}`))).toThrow(
      /hardware address of 255/,
    );
  });

  test('an answer is never under 300 bytes', () => {
    expect(encodeMessage({ ...blank, op: 'reply' }).bytes).toHaveLength(300);
  });

  test('options of more than 1500 bytes are left out from the end, and named', () => {
    const options = new Map(Array.from({ length: 20 }, (_, at) => [100 + at, new Uint8Array(200).fill(at)]));
    const { bytes, leftOut } = encodeMessage({ ...blank, options }, 1472);
    expect(bytes.length).toBeLessThanOrEqual(1472);
    const kept = [...decodeMessage(bytes).options.keys()];
    expect([...kept, ...leftOut].toSorted((a, b) => a - b)).toEqual([...options.keys()]);
    // Six whole, and one in two pieces in `file` and `sname`.
    expect(kept).toHaveLength(7);
  });
});

describe('long options', () => {
  test('a value over 255 bytes goes out in pieces and comes back whole (RFC 3396)', () => {
    const value = Uint8Array.from({ length: 600 }, (_, at) => at % 251);
    const { bytes } = encodeMessage({ ...blank, options: new Map([[43, value]]) }, 1472);
    expect(Buffer.from(bytes.subarray(240, 242)).toString('hex')).toBe('2bff');
    expect([...(decodeMessage(bytes).options.get(43) ?? [])]).toEqual([...value]);
  });

  test('what has no room in the options field goes into file and sname (option 52)', () => {
    const options = new Map([
      [53, Uint8Array.of(5)],
      [160, new Uint8Array(250).fill(0x61)],
      [66, new Uint8Array(100).fill(0x62)],
      [43, new Uint8Array(50).fill(0x63)],
    ]);
    const { bytes, leftOut } = encodeMessage({ ...blank, options }, 548);
    expect(leftOut).toEqual([]);
    expect(bytes.length).toBeLessThanOrEqual(548);
    const read = decodeMessage(bytes);
    expect(
      comparable({ ...read, options: new Map([...read.options].toSorted(([a], [b]) => a - b)) }),
    ).toEqual(comparable({ ...blank, options: new Map([...options].toSorted(([a], [b]) => a - b)) }));
  });

  test('option 52 may name file, sname or both, and is not shown as an option', () => {
    const inFile = `${head.slice(0, 216)}${'420468747470ff'.padEnd(256, '0')}63825363`;
    expect(
      [...decodeMessage(message('340101ff', inFile)).options].map(([code, value]) => [
        code,
        Buffer.from(value).toString(),
      ]),
    ).toEqual([[66, 'http']]);
    expect(() =>
      decodeMessage(message('340103ff', `${head.slice(0, 88)}${'ff'.padStart(128, '37')}${head.slice(216)}`)),
    ).toThrow(DecodeError);
  });
});

function byCode(entries: readonly (readonly [number, Uint8Array])[]): number[][] {
  return entries.map(([code, value]) => [code, ...value]).toSorted(([a = 0], [b = 0]) => a - b);
}

const messages: fc.Arbitrary<DhcpMessage> = fc.record({
  op: fc.constantFrom('request' as const, 'reply' as const),
  htype: fc.nat(255),
  hops: fc.nat(255),
  xid: fc.nat(0xff_ff_ff_ff),
  secs: fc.nat(0xff_ff),
  flags: fc.nat(0xff_ff),
  ciaddr: fc.nat(0xff_ff_ff_ff),
  yiaddr: fc.nat(0xff_ff_ff_ff),
  siaddr: fc.nat(0xff_ff_ff_ff),
  giaddr: fc.nat(0xff_ff_ff_ff),
  chaddr: fc.uint8Array({ maxLength: 16 }),
  sname: fc.uint8Array({ maxLength: 64, min: 1 }),
  file: fc.uint8Array({ maxLength: 128, min: 1 }),
  options: fc
    .uniqueArray(
      fc.tuple(
        fc.integer({ min: 1, max: 254 }).filter((code) => code !== 52),
        fc.uint8Array({ maxLength: 700 }),
      ),
      { selector: ([code]) => code, maxLength: 12 },
    )
    .map((entries) => new Map(entries)),
});

test('decoding what was encoded gives the same message', () => {
  fc.assert(
    fc.property(messages, (message) => {
      expect(comparable(decodeMessage(encodeMessage(message, 20_000).bytes))).toEqual(comparable(message));
    }),
  );
});

test('within any size limit the message stays readable, and what is not left out is whole', () => {
  fc.assert(
    fc.property(messages, fc.integer({ min: 300, max: 1472 }), (message, maxBytes) => {
      const { bytes, leftOut } = encodeMessage(message, maxBytes);
      expect(bytes.length).toBeLessThanOrEqual(maxBytes);
      const { options } = decodeMessage(bytes);
      const kept = [...message.options].filter(([code]) => !leftOut.includes(code));
      expect(byCode([...options])).toEqual(byCode(kept));
    }),
  );
});

test('any bytes, and any change of a good message, give a value or a DecodeError', () => {
  const changed = fc
    .tuple(fc.constantFrom(...rows), fc.array(fc.tuple(fc.nat(299), fc.nat(255)), { maxLength: 20 }))
    .map(([[, , , hex], changes]) => {
      const bytes = Buffer.from(hex, 'hex');
      for (const [at, value] of changes) bytes[at] = value;
      return new Uint8Array(bytes);
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 700 }), changed), (bytes) => {
      expect(['value', 'DecodeError']).toContain(decoded(bytes));
    }),
    { numRuns: 3000 },
  );
});
