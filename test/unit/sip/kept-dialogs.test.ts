import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { newKeptDialogs } from '../../../appliance/sip/kept-dialogs.ts';
import type { DialogState } from '../../../appliance/sip/engine/dialog-state.ts';
import { openVolatileKey } from '../../../appliance/store/volatile-key.ts';

const state: DialogState = {
  id: 'a;from-tag=b',
  callId: 'a',
  localTag: 'b',
  localAddress: '<sip:1001@example.com>',
  remoteAddress: '<sip:1002@example.com>',
  remoteTag: 'c',
  remoteTarget: 'sip:1002@192.0.2.1',
  routes: [],
  localContact: '<sip:192.0.2.2>',
  localCseq: 7,
  flow: {
    id: 'f',
    transport: 'tls',
    remote: { address: '192.0.2.1', port: 5061 },
    local: { address: '192.0.2.2', port: 5061 },
    isOutbound: true,
  },
  allowsUpdate: false,
  description:
    'v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n',
};

const leg = { state, heard: state.description, token: 't', isEmergency: true };
const row = (text: string) => ({ call: '1', leg: 'phone' as const, state: text });

it('a dialog comes back as it was, and its keys stand nowhere in what is written down', () => {
  const kept = newKeptDialogs(createSecretKey(randomBytes(32)));
  const text = kept.text(leg);
  expect(text).not.toMatch(/inline|crypto|d0Rm/);
  expect(kept.read(row(text))).toEqual(leg);
});

it('once the key is gone the dialog comes back without descriptions', () => {
  const text = newKeptDialogs(createSecretKey(randomBytes(32))).text(leg);
  const { description: _gone, ...rest } = state;
  expect(newKeptDialogs(createSecretKey(randomBytes(32))).read(row(text))).toEqual({
    ...leg,
    state: rest,
    heard: undefined,
  });
});

it('the key outlives the process in a folder that is in memory, and is put in no other', () => {
  const memory = mkdtempSync('/dev/shm/gatehouse-test-');
  onTestFinished(() => {
    rmSync(memory, { recursive: true });
  });
  expect(openVolatileKey(memory).equals(openVolatileKey(memory))).toBe(true);
  expect(statSync(join(memory, 'volatile.key')).mode & 0o777).toBe(0o600);
  const elsewhere = '/proc/self';
  expect(openVolatileKey(elsewhere).equals(openVolatileKey(elsewhere))).toBe(false);
  expect(openVolatileKey(undefined).equals(openVolatileKey(undefined))).toBe(false);
});
