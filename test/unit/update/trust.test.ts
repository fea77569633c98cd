import { expect, it } from 'vitest';
import { keyId } from '../../../appliance/update/signed-text.ts';
import { newerRevocations, verifiedManifest } from '../../../appliance/update/trust.ts';
import { announce, certify, makeKey, revoke } from '../../../image/release/signing.ts';
import { announcementOf, newMaker, releaseDay, someManifest, trustIn } from '../../support/release.ts';
import { refusalOf } from '../../support/update-refusal.ts';

const maker = newMaker();
const trust = trustIn(maker);
const dayMs = 86_400_000;
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));

it('a release of a certified key is read', () => {
  expect(verifiedManifest(announcementOf(maker), trust)).toEqual(someManifest());
});

it('a manifest that was changed is refused', () => {
  const announcement = announce(someManifest(), maker.key, maker.certificate);
  const text = announcement.manifest.text.replace('0.2.0', '0.2.1');
  const changed = { ...announcement, manifest: { ...announcement.manifest, text } };
  expect(refusalOf(() => verifiedManifest(bytesOf(changed), trust))).toBe('tampered');
});

it('a signature has one spelling', () => {
  const announcement = announce(someManifest(), maker.key, maker.certificate);
  const { signature } = announcement.manifest;
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  // The next letter stands for the same six bits but for those that are left over.
  const last = letters[(letters.indexOf(signature.at(-1) ?? '') ^ 1) % 64] ?? '';
  const other = { ...announcement.manifest, signature: signature.slice(0, -1) + last };
  expect(Buffer.from(other.signature, 'base64url')).toEqual(Buffer.from(signature, 'base64url'));
  expect(refusalOf(() => verifiedManifest(bytesOf({ ...announcement, manifest: other }), trust))).toBe(
    'malformed',
  );
});

it('a certificate that was changed is refused', () => {
  const text = maker.certificate.text.replace('2027', '2037');
  const certificate = { ...maker.certificate, text };
  const changed = announce(someManifest(), maker.key, certificate);
  expect(refusalOf(() => verifiedManifest(bytesOf(changed), trust))).toBe('tampered');
});

it('a release of a key that no root key of the image certified is refused', () => {
  expect(refusalOf(() => verifiedManifest(announcementOf(newMaker()), trust))).toBe('unknown_key');
  const others = announce(someManifest(), makeKey(), maker.certificate);
  expect(refusalOf(() => verifiedManifest(bytesOf(others), trust))).toBe('unknown_key');
});

it('of a key that stands twice in an announcement only what was signed counts', () => {
  const text = JSON.stringify(announce(someManifest(), maker.key, maker.certificate));
  const evil = JSON.stringify(
    announce(someManifest({ version: '9.9.9' }), makeKey(), maker.certificate).manifest,
  );
  const last = Buffer.from(text.replace(/}$/, `,"manifest":${evil}}`));
  expect(refusalOf(() => verifiedManifest(last, trust))).toBe('unknown_key');
  const first = Buffer.from(text.replace(/^{/, `{"manifest":${evil},`));
  expect(verifiedManifest(first, trust)).toEqual(someManifest());
});

it('an image without a root key takes nothing', () => {
  expect(refusalOf(() => verifiedManifest(announcementOf(maker), { ...trust, roots: [] }))).toBe(
    'unknown_key',
  );
});

it('what was signed for one use is good for no other', () => {
  // A list of revoked keys in the place of a certificate, rightly signed by the root.
  const certificate = revoke([maker.keyId], maker.root);
  const wrong = announce(someManifest(), maker.key, certificate);
  expect(refusalOf(() => verifiedManifest(bytesOf(wrong), trust))).toBe('tampered');
  expect(
    refusalOf(() => newerRevocations(bytesOf(maker.certificate), { roots: trust.roots, known: 0 })),
  ).toBe('tampered');
});

it('a new release key of the same root takes the place of the old one', () => {
  const next = newMaker(maker.root);
  expect(next.keyId).not.toBe(maker.keyId);
  expect(verifiedManifest(announcementOf(next), { ...trust, revoked: [maker.keyId] }).version).toBe('0.2.0');
});

it('nothing that a revoked key signed is taken', () => {
  const list = newerRevocations(bytesOf(revoke([maker.keyId], maker.root)), { roots: trust.roots, known: 0 });
  expect(list).toEqual({ product: 'gatehouse', number: 1, keys: [maker.keyId] });
  const revoked = list?.keys ?? [];
  expect(refusalOf(() => verifiedManifest(announcementOf(maker), { ...trust, revoked }))).toBe('revoked_key');
});

it('lists of revoked keys only go forward, and only by a root key', () => {
  const first = revoke([maker.keyId], maker.root);
  const second = revoke(['f'.repeat(32)], maker.root, {
    product: 'gatehouse',
    number: 1,
    keys: [maker.keyId],
  });
  const { roots } = trust;
  expect(newerRevocations(bytesOf(second), { roots, known: 1 })?.keys).toEqual([maker.keyId, 'f'.repeat(32)]);
  expect(newerRevocations(bytesOf(second), { roots, known: 2 })).toBeUndefined();
  expect(newerRevocations(bytesOf(first), { roots, known: 2 })).toBeUndefined();
  const byRelease = revoke([maker.keyId], maker.key);
  expect(refusalOf(() => newerRevocations(bytesOf(byRelease), { roots, known: 0 }))).toBe('unknown_key');
});

const at = (days: number) =>
  refusalOf(() => verifiedManifest(announcementOf(maker), { ...trust, now: releaseDay + days * dayMs }));

it('neither key nor release outlives its time', () => {
  expect(at(89)).toBeUndefined();
  expect(at(90)).toBe('expired');
  expect(at(265)).toBe('key_out_of_date');
  expect(at(-102)).toBe('key_out_of_date');
  // Before it was issued, but the key is good: a clock that is wrong.
  expect(at(-50)).toBe('not_yet_valid');
  // A clock that is some hours behind is no reason.
  expect(at(-1.5)).toBeUndefined();
});

it('a certificate for something that is no key is refused', () => {
  const certificate = certify('A'.repeat(42), maker.root, { from: 0, to: releaseDay * 2 });
  const wrong = announce(someManifest(), maker.key, certificate);
  expect(refusalOf(() => verifiedManifest(bytesOf(wrong), trust))).toBe('malformed');
});

it('a key has the same id wherever it is written', () => {
  expect(keyId('A'.repeat(43))).toBe('66687aadf862bd776c8fc18b8e9f8e20');
});
