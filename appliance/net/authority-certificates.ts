/** The X.509 certificates of a box (RFC 5280), ECDSA on P-256, the curve that old phones know. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { der, derBits, derOid, derSequence, derTag, derTime, readDer } from '../protocol/der.ts';
import { parseIpv4 } from '../protocol/ipv4.ts';

/** Before any image was built: a phone without the right time must not find the certificate to be of the future. */
const validFrom = new Date('2025-01-01T00:00:00Z');

/** RFC 5758, 3.2. */
const ecdsaWithSha256 = derSequence(derOid('1.2.840.10045.4.3.2'));

/** A new authority that may vouch for `address` only. PEM. */
export function newAuthority(address: string, notAfter: Date): { ca: string; caKey: string } {
  const key = newKey();
  // Eight hex digits tell apart the authorities of two sites that use the same private address.
  const name = commonName(`Gatehouse site ${randomBytes(4).toString('hex')} ${address}`);
  const ca = certificate({
    issuer: { name, key },
    subject: name,
    key,
    notAfter,
    extensions: [
      // An authority, of servers alone and of no further authority; it signs certificates (4.2.1.9 and 4.2.1.3).
      extension('2.5.29.19', derSequence(bool(true), integer(0)), 'critical'),
      extension('2.5.29.15', derBits(Uint8Array.of(0x04), 2), 'critical'),
      subjectKeyId(key),
      extension('2.5.29.30', nameConstraints(address), 'critical'),
    ],
  });
  return { ca, caKey: privatePem(key) };
}

/** A new server certificate for `address` by this authority. PEM. */
export function newServer(
  authority: { ca: string; caKey: string },
  address: string,
  notAfter: Date,
): { cert: string; key: string } {
  const issuer = { name: subjectOf(authority.ca), key: createPrivateKey(authority.caKey) };
  const issuerEnds = Date.parse(new X509Certificate(authority.ca).validTo);
  const key = newKey();
  const cert = certificate({
    issuer,
    // With a space in it no client takes the common name for a host name that the name constraints forbid.
    subject: commonName(`Gatehouse ${address}`),
    key,
    notAfter: new Date(Math.min(notAfter.getTime(), issuerEnds)),
    extensions: [
      ...forServers(),
      alternativeName(0x87, octetsOf(address)),
      subjectKeyId(key),
      // keyIdentifier, 4.2.1.1
      extension('2.5.29.35', derSequence(der(0x80, keyId(issuer.key)))),
    ],
  });
  return { cert, key: privatePem(key) };
}

/** For who compares the fingerprint. It lasts as long as the box does: nobody renews what people were told to trust. PEM. */
export function newSelfSigned(name: string): { cert: string; key: string } {
  const key = newKey();
  const subject = commonName(name);
  const cert = certificate({
    issuer: { name: subject, key },
    subject,
    key,
    notAfter: new Date('2050-01-01T00:00:00Z'),
    extensions: [...forServers(), alternativeName(0x82, Buffer.from('gatehouse', 'latin1'))],
  });
  return { cert, key: privatePem(key) };
}

interface Wanted {
  /** DER of its name, and the key that signs. */
  readonly issuer: { readonly name: Uint8Array; readonly key: KeyObject };
  readonly subject: Uint8Array;
  readonly key: KeyObject;
  readonly notAfter: Date;
  readonly extensions: readonly Uint8Array[];
}

/** RFC 5280, 4.1, version 3. PEM. */
function certificate({ issuer, subject, key, notAfter, extensions }: Wanted): string {
  const toBeSigned = derSequence(
    der(0xa0, integer(2)),
    der(derTag.integer, newSerial()),
    ecdsaWithSha256,
    issuer.name,
    derSequence(derTime(validFrom), derTime(notAfter)),
    subject,
    publicKeyInfo(key),
    der(0xa3, derSequence(...extensions)),
  );
  const signature = derBits(sign('sha256', toBeSigned, issuer.key));
  return pem(derSequence(toBeSigned, ecdsaWithSha256, signature));
}

function pem(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .replaceAll(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** It may prove who a TLS server is, and nothing else (RFC 5280, 4.2.1.3, 4.2.1.9 and 4.2.1.12). */
function forServers(): Uint8Array[] {
  return [
    extension('2.5.29.19', derSequence(), 'critical'),
    extension('2.5.29.15', derBits(Uint8Array.of(0x80), 7), 'critical'),
    extension('2.5.29.37', derSequence(derOid('1.3.6.1.5.5.7.3.1'))),
  ];
}

/** `kind`: 0x82 a DNS name, 0x87 an address (4.2.1.6). */
function alternativeName(kind: number, value: Uint8Array): Uint8Array {
  return extension('2.5.29.17', derSequence(der(kind, value)));
}

/** 4.2.1.2. */
function subjectKeyId(key: KeyObject): Uint8Array {
  return extension('2.5.29.14', der(derTag.octetString, keyId(key)));
}

/**
 * Permitted: this one IPv4 address. A kind of name that is in no list is free, so host names, mail addresses and URIs
 * are excluded as a whole (an empty constraint matches all of its kind). 4.2.1.10.
 */
function nameConstraints(address: string): Uint8Array {
  const host = der(0x87, octetsOf(address), Uint8Array.of(255, 255, 255, 255));
  const excluded = [0x81, 0x82, 0x86].map((kind) => derSequence(der(kind)));
  return derSequence(der(0xa0, derSequence(host)), der(0xa1, ...excluded));
}

function extension(oid: string, value: Uint8Array, critical?: 'critical'): Uint8Array {
  return derSequence(
    derOid(oid),
    ...(critical === undefined ? [] : [bool(true)]),
    der(derTag.octetString, value),
  );
}

/** A name of one part, the common name (2.5.4.3): letters, digits, spaces and points. */
function commonName(text: string): Uint8Array {
  const value = der(derTag.printableString, Buffer.from(text, 'latin1'));
  return derSequence(der(derTag.set, derSequence(derOid('2.5.4.3'), value)));
}

/** As it stands in the certificate, which is how it has to stand in those that it signs. */
function subjectOf(caPem: string): Uint8Array {
  const [whole] = readDer(new X509Certificate(caPem).raw);
  const [toBeSigned] = readDer(whole?.content ?? new Uint8Array());
  // Version, serial, algorithm, issuer, validity, subject.
  const subject = readDer(toBeSigned?.content ?? new Uint8Array())[5];
  if (subject === undefined) throw new Error('the authority has no subject');
  return subject.whole;
}

function bool(value: boolean): Uint8Array {
  return der(derTag.boolean, Uint8Array.of(value ? 0xff : 0));
}

/** Below 128. */
function integer(value: number): Uint8Array {
  return der(derTag.integer, Uint8Array.of(value));
}

function octetsOf(address: string): Uint8Array {
  const value = parseIpv4(address);
  return Uint8Array.from([24, 16, 8, 0].map((shift) => (value >>> shift) & 255));
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function privatePem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function publicKeyInfo(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** SHA-1 of the public key's bits: a name for it, no proof (4.2.1.2, method 1). */
function keyId(key: KeyObject): Uint8Array {
  // An uncompressed point of the curve is the end of it.
  const point = publicKeyInfo(key).subarray(-65);
  return createHash('sha1').update(point).digest();
}

/** 127 random bits: positive and never zero-padded (RFC 5280, 4.1.2.2). */
function newSerial(): Uint8Array {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes;
}
