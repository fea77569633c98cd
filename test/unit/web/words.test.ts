import { describe, expect, it } from 'vitest';

/** The page is plain JavaScript: its functions are found by name. */
const file = new URL('../../../appliance/web/page/words.js', import.meta.url);
const words = (await import(file.href)) as Record<string, (...given: unknown[]) => unknown>;

function say(name: string, ...given: unknown[]): unknown {
  const word = words[name];
  if (word === undefined) throw new TypeError(`words.js has no ${name}`);
  return word(...given);
}

/** Of January. */
const hour = (day: number, at: number) => new Date(2026, 0, day, at).getTime();

describe('words of the page', () => {
  it.each([
    [
      [
        { name: 'a', size: 5 },
        { name: 'other', size: 1 },
      ],
      '',
    ],
    [[{ name: 'other', size: 5 }], 'a is not among the chosen files.'],
    [[{ name: 'a', size: 4 }], 'a has 4 bytes, its release says 5.'],
  ])('of a release with the file a of five bytes, %j lacks: %j', (chosen, text) => {
    expect(say('missingFiles', [{ name: 'a', bytes: 5 }], chosen)).toBe(text);
  });

  it('what a device was told begins with its URLs, and is cut and cleaned', () => {
    expect(
      say('toldParts', { 2: '-18000', 66: 'http://10.0.0.1', 160: `http://\u0007${'x'.repeat(200)}` }),
    ).toEqual({
      urls: ['http://10.0.0.1 (option 66)', `http://·${'x'.repeat(112)} (option 160)`],
      rest: 'Time offset (option 2) -18000 s',
    });
  });

  it.each([
    [{ state: 'held', evidence: 'leased' }, 'Leased'],
    [{ state: 'held', evidence: 'relayed', server: '10.9.0.1' }, 'Leased by 10.9.0.1'],
    [{ state: 'held', evidence: 'informed' }, 'By its own word'],
    [{ state: 'ended', evidence: 'relayed' }, 'Ended'],
    [{ state: 'declined', evidence: 'leased' }, 'Declined: something else uses it'],
    [{ state: 'in use', evidence: 'leased' }, 'In use without a lease'],
  ])('an address that is %o', (address, text) => {
    expect(say('addressState', address)).toMatchObject({ text });
  });

  it('before the first ACK nothing is said of its time', () => {
    expect(say('latencyText', undefined)).toBe('');
    expect(say('latencyText', { p50Microseconds: 1250, p99Microseconds: 90_000 })).toBe(
      'answered within 1.3 ms, 99 of 100 within 90.0 ms',
    );
  });

  it('how full a network is, and which other server answers, can be read and never steers the page', () => {
    expect(say('poolUse', { addresses: 100, bound: 12, setAside: 0 })).toBe('12 of 100 leased');
    expect(say('poolUse', { addresses: 100, bound: 12, setAside: 2 })).toBe(
      '12 of 100 leased, 2 in use by something else',
    );
    const rogue = {
      card: 'eth0',
      address: '10.0.0.9',
      isKnown: false,
      isPresent: true,
      url: '\u202Ehttp://x/',
    };
    expect(say('otherServer', rogue)).toBe('10.0.0.9 on eth0: unknown, answers, sends phones to ·http://x/');
    expect(say('otherServer', { card: 'eth1', address: '10.0.0.8', isKnown: true, isPresent: false })).toBe(
      '10.0.0.8 on eth1: known, silent now',
    );
  });

  it.each([
    ['escape codes', '\u001B[31mred', '·[31mred'],
    ['a direction override', 'a\u202Egnp.exe', 'a·gnp.exe'],
    ['markup', '<b>&amp;', '<b>&amp;'],
    ['letters of every script', 'Größe 電話 هاتف', 'Größe 電話 هاتف'],
  ])('%s can be looked at', (_title, text, shown) => {
    expect(say('plain', text)).toBe(shown);
  });

  it.each([
    [-5000, 'now'],
    [4000, 'now'],
    [59_000, '59 s ago'],
    [60_000, '1 min ago'],
    [7_200_000, '2 h ago'],
    [3 * 86_400_000, '3 days ago'],
  ])('%i ms ago is %s', (ms, shown) => {
    expect(say('ago', 0, ms)).toBe(shown);
  });

  it.each([
    [65_000, '1:05'],
    [3_725_000, '1:02:05'],
    [-1, '0:00'],
  ])('a call of %i ms lasts %s', (ms, shown) => {
    expect(say('duration', ms)).toBe(shown);
  });

  it('a journal kind is a sentence and its fields are named', () => {
    expect(say('sentence', 'switch_unreachable')).toBe('Switch unreachable');
    expect(say('sentence', 'registration_lost')).toBe('Registration lost');
    expect(say('fields', { user_agent: 'A\u0000B', status: 403, gone: null, empty: '' })).toBe(
      'user agent A·B, status 403',
    );
    expect(say('fields', { call: 'c15626', from: 'sip:+49301@example.com' })).toBe('from +49301');
    expect(say('fields', undefined)).toBe('');
  });

  it('the headline says the worst', () => {
    expect(say('verdict', [])).toEqual({ state: 'ok', text: 'Everything works' });
    expect(say('verdict', [{ severity: 'notice' }])).toEqual({
      state: 'notice',
      text: 'One thing to look at',
    });
    expect(
      say('verdict', [{ severity: 'problem' }, { severity: 'problem' }, { severity: 'notice' }]),
    ).toEqual({
      state: 'problem',
      text: '2 things are wrong',
    });
  });

  it('a part and a phone have names and states in words', () => {
    expect(say('partState', { isWanted: true, isRunning: false })).toEqual({
      state: 'stopped',
      text: 'Not running',
    });
    expect(say('partState', { isWanted: false, isRunning: false })).toEqual({
      state: 'off',
      text: 'Turned off',
    });
    expect(say('partState', { isWanted: true, isRunning: true, health: { state: 'degraded' } })).toEqual({
      state: 'degraded',
      text: 'Something missing',
    });
    expect(say('phoneName', {})).toBe('Phone');
    expect(say('stageName', 'placed', 'full')).toBe('Ready');
    expect(say('stageName', 'placed', 'assist')).toBe('Place known');
    expect(say('uriName', 'sips:+49301@example.com;transport=tls')).toBe('+49301');
    expect(say('uriName', '@')).toBe('@');
    expect(say('portName', { switchName: 'a', port: 'Gi1/0/3' })).toBe('a, port Gi1/0/3');
    expect(say('portName', { chassis: '02:66:00:00:00:02', port: 'port8' })).toBe('02:66:00:00:00:02, port8');
    expect(say('count', 1, 'phone', 'phones')).toBe('1 phone');
  });
});

describe('words for many phones', () => {
  it('a phone to choose is known by its number and place, and without them by what is known', () => {
    const phone = { vendorName: 'Yealink', model: 'T46S', mac: '00:15:65:aa:00:01', ip: '10.0.0.9' };
    const asKnown = 'Yealink T46S, 00:15:65:aa:00:01, 10.0.0.9';
    expect(say('phoneChoice', phone)).toBe(asKnown);
    expect(say('phoneChoice', { ...phone, aor: 'sip:+4930111@x', place: 'room\u202E 1' })).toBe(
      `+4930111, room· 1, ${asKnown}`,
    );
  });

  it('phones are found by any words that people see of them', () => {
    const [first, second] = [
      {
        mac: '00:15:65:aa:00:01',
        vendorName: 'Yealink',
        aor: 'sip:+4930111@x',
        place: 'Room 1',
        stage: 'placed',
      },
      { mac: '00:04:f2:aa:00:02', vendorName: 'Poly', problem: 'It waits.', stage: 'leased' },
    ];
    const found = (text: string) => say('searched', text, [first, second]);
    expect(found('  ')).toEqual([first, second]);
    expect(found('room yea')).toEqual([first]);
    expect(found('WAITS')).toEqual([second]);
    expect(found('room waits')).toEqual([]);
  });

  it('what happened on another day stands with its date', () => {
    const now = new Date(2026, 0, 5, 12).getTime();
    expect(say('whenText', now - 1000, now)).toBe(new Date(now - 1000).toLocaleTimeString());
    expect(say('whenText', now - 86_400_000, now)).toContain(new Date(2026, 0, 4).toLocaleDateString());
  });

  it.each([
    [{ up: 0, ringing: 0 }, ''],
    [{ up: 1, ringing: 0 }, '1 call is up and may fall silent until the parts run again.'],
    [{ up: 0, ringing: 2 }, '2 calls ring and are lost.'],
    [
      { up: 3, ringing: 1 },
      '3 calls are up and may fall silent until the parts run again, 1 call rings and is lost.',
    ],
  ])('whoever talks when all parts start anew is told: %j', (calls, text) => {
    expect(say('callsAtStake', calls)).toBe(text);
  });

  it('calls are counted by the days of the browser, with days that had none', () => {
    const now = new Date(2026, 0, 5, 12).getTime();
    const hours = [
      { at: hour(1, 23), calls: 9, failed: 9 },
      { at: hour(3, 0), calls: 2, failed: 0 },
      { at: hour(3, 23), calls: 1, failed: 1 },
      { at: hour(5, 11), calls: 4, failed: 0 },
    ];
    const days = say('callsOfDays', hours, { since: hour(2, 15), now });
    expect(days).toEqual([
      { at: hour(2, 0), calls: 0, failed: 0 },
      { at: hour(3, 0), calls: 3, failed: 1 },
      { at: hour(4, 0), calls: 0, failed: 0 },
      { at: hour(5, 0), calls: 4, failed: 0 },
    ]);
    expect(say('dayText', { at: hour(3, 0), calls: 3, failed: 1 })).toMatch(
      /^Sat,? 3 Jan: 3 calls, 1 failed$/,
    );
    expect(say('daysText', days)).toBe('7 calls in 4 days, 1 of them failed');
  });

  it('an option without a name has its number, and only numbers of seconds get a unit', () => {
    expect([say('optionName', 42), say('optionName', 200)]).toEqual([
      'Time server (option 42)',
      'Option 200',
    ]);
    expect([say('optionText', 51, '3600'), say('optionText', 42, '3600')]).toEqual(['3600 s', '3600']);
  });
});
