import { describe, expect, it } from 'vitest';
import { isOwnHost, refusal, securityHeaders } from '../../../appliance/web/guard.ts';

/** Host header, address listened on, welcome. */
const hosts: [string | undefined, string, boolean][] = [
  ['localhost', '127.0.0.1', true],
  ['localhost:8080', '127.0.0.1', true],
  ['LOCALHOST:8080', '127.0.0.1', true],
  ['127.0.0.1:41234', '127.0.0.1', true],
  ['[::1]:8080', '127.0.0.1', true],
  ['10.9.0.1:8080', '10.9.0.1', true],
  ['10.9.0.2:8080', '10.9.0.1', false],
  ['10.9.0.2:8080', '0.0.0.0', true],
  ['gatehouse.example.COM:8443', '10.9.0.1', true],
  ['x.gatehouse.example.com', '10.9.0.1', false],
  ['evil.example', '0.0.0.0', false],
  ['evil.example:8080', '127.0.0.1', false],
  ['127.0.0.1.evil.example', '127.0.0.1', false],
  ['localhost.evil.example', '127.0.0.1', false],
  ['localhost:8080:80', '127.0.0.1', false],
  ['', '127.0.0.1', false],
  [undefined, '127.0.0.1', false],
];

const own = { address: '127.0.0.1', names: [] };

describe('the name in Host', () => {
  it.each(hosts)('%s on %s is welcome: %s', (host, address, isWelcome) => {
    expect(isOwnHost(host, { address, names: ['Gatehouse.example.com'] })).toBe(isWelcome);
  });
});

describe('a request of another site', () => {
  const head = {
    url: '/api/phones',
    host: 'localhost',
    fetchSite: 'cross-site',
    method: 'GET',
    contentType: undefined,
  };
  it('may not read the API or hold a stream', () => {
    expect(refusal(head, own)).toBe('site');
    expect(refusal({ ...head, url: '/metrics' }, own)).toBe('site');
  });
  it('may follow a link to the page', () => {
    expect(refusal({ ...head, url: '/' }, own)).toBeUndefined();
  });
  it('is told from our own page and from programs', () => {
    expect(refusal({ ...head, fetchSite: 'same-origin' }, own)).toBeUndefined();
    expect(refusal({ ...head, fetchSite: undefined }, own)).toBeUndefined();
  });
});

describe('an order', () => {
  const order = { url: '/api/phones/x/restart', host: 'localhost', fetchSite: undefined, method: 'POST' };
  it.each([
    ['application/json', undefined],
    ['application/json; charset=utf-8', undefined],
    ['Application/JSON;charset="utf-8"', undefined],
    ['text/plain; application/json', 'site'],
    ['text/plain', 'site'],
    ['application/x-www-form-urlencoded', 'site'],
    ['multipart/form-data', 'site'],
    ['application/json, text/plain', 'site'],
    [undefined, 'site'],
  ])('with content of type %s, as browsers of any age may send it, is %s', (contentType, refused) => {
    expect(refusal({ ...order, contentType }, own)).toBe(refused);
  });
});

it('no inline code or style is allowed', () => {
  expect(securityHeaders['content-security-policy']).toContain("default-src 'none'");
  expect(securityHeaders['content-security-policy']).not.toMatch(/unsafe|data:|\*/);
});
