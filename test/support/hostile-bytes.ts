/** Bytes that no honest device sends: cut, flipped and overgrown versions of good ones, and what once broke others. */

/** The same numbers for the same seed, so that what failed can be sent again. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Cut at every so many places, and with single bytes changed. */
export function mutations(good: Uint8Array, count: number, seed: number): Buffer[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, at) => {
    const bytes = Buffer.from(good);
    if (at % 3 === 0) return bytes.subarray(0, random(bytes.length + 1));
    const flips = 1 + random(6);
    for (let flip = 0; flip < flips; flip += 1) bytes[random(bytes.length)] = random(256);
    return bytes;
  });
}

/** A DISCOVER of this MAC; `options` go after the message type, as they are. */
export function dhcpDiscover(mac: string, options: Uint8Array): Buffer {
  const head = Buffer.alloc(240);
  head.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
  head.set(Buffer.from(mac.replaceAll(':', ''), 'hex'), 28);
  head.set([0x63, 0x82, 0x53, 0x63], 236);
  return Buffer.concat([head, Buffer.from([53, 1, 1]), options, Buffer.from([255])]);
}

/** Each once ended or hung some server (facts/dhcp.md, 1.2), or breaks the option format. */
export function hostileDhcp(): Buffer[] {
  const mac = '02:bd:00:00:00:01';
  const every = Buffer.from(Array.from({ length: 254 }, (_, at) => at + 1));
  const good = dhcpDiscover(mac, Buffer.from([55, 4, 1, 3, 66, 160]));
  const wrongCookie = Buffer.from(good);
  wrongCookie[236] = 0;
  const longHardware = Buffer.from(good);
  longHardware[2] = 255;
  return [
    dhcpDiscover(mac, Buffer.concat([Buffer.from([55, 254]), every])),
    dhcpDiscover(mac, Buffer.from([50, 4, 1, 2])),
    dhcpDiscover(mac, Buffer.from([61, 0, 60, 0, 12, 0, 50, 0])),
    dhcpDiscover(mac, Buffer.from([52, 1, 3, 52, 1, 3])),
    dhcpDiscover(mac, Buffer.from([82, 6, 1, 200, 1, 1, 2, 0])),
    dhcpDiscover(mac, Buffer.concat([Buffer.from([12, 255]), Buffer.alloc(255, '<script>"\r\n')])),
    dhcpDiscover(mac, Buffer.concat(Array.from({ length: 200 }, () => Buffer.from([43, 4, 0, 0, 0, 0])))),
    wrongCookie,
    longHardware,
    Buffer.alloc(0),
    Buffer.alloc(1, 1),
    Buffer.alloc(229, 1),
    Buffer.alloc(9000, 255),
    ...mutations(good, 300, 67),
  ];
}

const register = [
  'REGISTER sip:mainsbc-emea.sdg.teams.microsoft.com SIP/2.0',
  'Via: SIP/2.0/UDP 10.66.0.77:5060;branch=z9hG4bKhostile;rport',
  'Max-Forwards: 70',
  'From: <sip:+4930555999@mainsbc-emea.sdg.teams.microsoft.com>;tag=1',
  'To: <sip:+4930555999@mainsbc-emea.sdg.teams.microsoft.com>',
  'Call-ID: hostile@10.66.0.77',
  'CSeq: 1 REGISTER',
  'Contact: <sip:+4930555999@10.66.0.77:5060>',
  'Expires: 60',
  'Content-Length: 0',
  '',
  '',
].join('\r\n');

export function hostileSip(): Buffer[] {
  const texts = [
    register.replace('SIP/2.0', 'SIP/9.9'),
    register.replace('CSeq: 1 REGISTER', 'CSeq: 99999999999999999999 INVITE'),
    register.replace('Content-Length: 0', 'Content-Length: -1'),
    register.replace('Content-Length: 0', 'Content-Length: 999999'),
    register.replace('Via: ', 'Via: ;;;,,,'),
    register.replace('Max-Forwards: 70', 'Max-Forwards: 0'),
    register.replace('From: ', 'From: "\u0000\u0001'),
    register.replace(
      'Expires: 60',
      Array.from({ length: 500 }, (_, at) => `X-Many-${at}: ${at}`).join('\r\n'),
    ),
    register.replace('Expires: 60', `X-Long: ${'a'.repeat(40_000)}`),
    register.replaceAll('\r\n', '\n'),
    'INVITE\r\n\r\n',
    '\r\n\r\n\r\n',
    'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.66.0.1:5060;branch=z9hG4bKnobody\r\nCSeq: 1 INVITE\r\n\r\n',
    '\r\n'.repeat(5000),
  ];
  return [...texts.map((text) => Buffer.from(text)), ...mutations(Buffer.from(register), 300, 5060)];
}

function get(target: string, rest = ''): Buffer {
  return Buffer.from(`GET ${target} HTTP/1.1\r\nHost: 10.66.0.1\r\n${rest}\r\n`);
}

export function hostileHttp(): Buffer[] {
  return [
    get('/../../../../etc/passwd'),
    get('/%2e%2e/%2e%2e/etc/passwd'),
    get('http://203.0.113.30/v1/journal'),
    get('/203.0.113.30/v1/journal'),
    get('/sites.gatehouse.example/v1/journal'),
    get('/usea.dm.sdg.teams.microsoft.com@203.0.113.30/x'),
    get('/000413a00004.cfg', 'User-Agent: <script>alert(1)</script>\r\n'),
    get(`/${'a'.repeat(20_000)}`),
    get('/', Array.from({ length: 3000 }, (_, at) => `X-${at}: 1\r\n`).join('')),
    get('/', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'),
    Buffer.from('PUT /x.log HTTP/1.1\r\nHost: 10.66.0.1\r\nContent-Length: 99999999999\r\n\r\nx'),
    Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'),
    Buffer.from('\u0016\u0003\u0001\u0002\u0000\u0001'),
    Buffer.from('NONSENSE\r\n\r\n'),
    ...mutations(
      get('/001565a00001.boot', 'User-Agent: Yealink SIP-T46S 66.86.5.1 00:15:65:a0:00:01\r\n'),
      60,
      80,
    ),
  ];
}
