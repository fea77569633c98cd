/** The two X.509 certificates of a site (RFC 5280): made with WebCrypto, ECDSA on P-256, the curve that old phones know. */
// The X.509 package injects its dependencies by decorators and needs this first.
import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { parseIpv4 } from '../protocol/ipv4.ts';

/** Before any image was built: a phone without the right time must not find the certificate to be of the future. */
const validFrom = new Date('2025-01-01T00:00:00Z');

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A new authority that may vouch for `address` only. PEM. */
export async function newAuthority(address: string, notAfter: Date): Promise<{ ca: string; caKey: string }> {
  const keys = await newKeys();
  // Eight hex digits tell apart the authorities of two sites that use the same private address.
  const site = randomBytes(4).toString('hex');
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerial(),
      name: `CN=Gatehouse site ${site} ${address}`,
      notBefore: validFrom,
      notAfter,
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        nameConstraints(address),
      ],
    },
    webcrypto,
  );
  return { ca: certificate.toString('pem'), caKey: await privatePem(keys.privateKey) };
}

/** A new server certificate for `address` by this authority. PEM. */
export async function newServer(
  authority: { ca: string; caKey: string },
  address: string,
  notAfter: Date,
): Promise<{ cert: string; key: string }> {
  const issuer = new x509.X509Certificate(authority.ca);
  const der = createPrivateKey(authority.caKey).export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: newSerial(),
      issuer: issuer.subject,
      // With a space in it no client takes the common name for a host name that the name constraints forbid.
      subject: `CN=Gatehouse ${address}`,
      notBefore: validFrom,
      notAfter: new Date(Math.min(notAfter.getTime(), issuer.notAfter.getTime())),
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: algorithm,
      extensions: [
        ...forServers(),
        new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: address }]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ],
    },
    webcrypto,
  );
  return { cert: certificate.toString('pem'), key: await privatePem(keys.privateKey) };
}

/** It may prove who a TLS server is, and nothing else (RFC 5280, 4.2.1.3, 4.2.1.9 and 4.2.1.12). */
function forServers(): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
  ];
}

/** For who compares the fingerprint. It lasts as long as the box does: nobody renews what people were told to trust. PEM. */
export async function newSelfSigned(name: string): Promise<{ cert: string; key: string }> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerial(),
      name: `CN=${name}`,
      notBefore: validFrom,
      notAfter: new Date('2050-01-01T00:00:00Z'),
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        ...forServers(),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'gatehouse' }]),
      ],
    },
    webcrypto,
  );
  return { cert: certificate.toString('pem'), key: await privatePem(keys.privateKey) };
}

/**
 * Permitted: this one IPv4 address. A kind of name that is in no list is free, so host names, mail addresses and URIs
 * are excluded as a whole (an empty constraint matches all of its kind).
 */
function nameConstraints(address: string): x509.Extension {
  const value = parseIpv4(address);
  const octets = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
  const ip = der(0x87, [...octets, 255, 255, 255, 255]);
  const excludedNames = [0x81, 0x82, 0x86].flatMap((tag) => der(0x30, der(tag, [])));
  const permitted = der(0xa0, der(0x30, ip));
  const excluded = der(0xa1, excludedNames);
  return new x509.Extension('2.5.29.30', true, Uint8Array.from(der(0x30, [...permitted, ...excluded])));
}

/** Tag, length (all of ours are short), content. */
function der(tag: number, content: readonly number[]): number[] {
  return [tag, content.length, ...content];
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** 127 random bits: positive and never zero-padded (RFC 5280, 4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes.toString('hex');
}
