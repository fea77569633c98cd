/**
 * Settings that somebody brought on a stick or in a volume of the hypervisor. A box that nobody has configured takes good ones; a
 * configured one only those that are signed with its site's key. Pure.
 */
import { createPublicKey, verify } from 'node:crypto';
import { parseConfig, type Config } from '../config.ts';
import { settingsProblem } from './settings.ts';

/** What was on it, each file whole and no larger than it may be; undefined: not there. */
export interface Offered {
  readonly toml?: string;
  /** Base64. */
  readonly signature?: string;
  /** `gatehouse-reset` and its signature. */
  readonly reset?: string;
  readonly resetSignature?: string;
}

export type Judgement =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly words: string }
  | { readonly kind: 'settings'; readonly toml: string }
  | { readonly kind: 'reset' };

interface Box {
  readonly config: Config;
  /** The file as it is now. */
  readonly settings: string;
  /** /etc/machine-id */
  readonly machineId: string;
}

export function judgeOffered(offered: Offered, box: Box): Judgement {
  if (offered.reset !== undefined) return judgeReset(offered.reset, offered.resetSignature, box);
  if (offered.toml === undefined || offered.toml === box.settings) return { kind: 'nothing' };
  const { config } = box;
  const isNew = isUnconfigured(config);
  if (!isNew) {
    const unsigned = signatureProblem(config, 'settings', {
      text: offered.toml,
      signature: offered.signature,
    });
    if (unsigned !== undefined) return { kind: 'refused', words: unsigned };
  }
  const problem = settingsProblem(offered.toml);
  if (problem !== undefined) return { kind: 'refused', words: problem };
  const offeredSerial = parseConfig(offered.toml).box.settings_serial;
  if (!isNew && offeredSerial <= config.box.settings_serial)
    return {
      kind: 'refused',
      words: `box.settings_serial is ${offeredSerial}, these settings have ${config.box.settings_serial}: older settings, not taken`,
    };
  return { kind: 'settings', toml: offered.toml };
}

const isUnconfigured = ({ site }: Config) => site.address.startsWith('127.');

/** It names the one box that it is for: the same stick does nothing to another one of the site. */
function judgeReset(text: string, signature: string | undefined, { config, machineId }: Box): Judgement {
  if (isUnconfigured(config))
    return { kind: 'refused', words: 'nobody has configured this box: there is nothing to reset' };
  const unsigned = signatureProblem(config, 'reset', { text, signature });
  if (unsigned !== undefined) return { kind: 'refused', words: unsigned };
  if (text.trim() !== machineId)
    return { kind: 'refused', words: 'the reset on the stick is for another box' };
  return { kind: 'reset' };
}

/** What a signature is over begins with its use: signed settings are no order to reset. */
export function signedBytes(use: 'settings' | 'reset', text: string): Buffer {
  return Buffer.from(`gatehouse ${use} 1\n${text}`);
}

function signatureProblem(
  { box }: Config,
  use: 'settings' | 'reset',
  { text, signature }: { readonly text: string; readonly signature: string | undefined },
): string | undefined {
  if (box.settings_key === undefined)
    return 'this box is configured, and takes nothing from a stick: box.settings_key names no key';
  if (signature === undefined) return 'not signed: this box takes only what its site has signed';
  const x = Buffer.from(box.settings_key, 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const bytes = Buffer.from(signature.trim(), 'base64');
  if (bytes.length === 64 && verify(null, signedBytes(use, text), key, bytes)) return undefined;
  return "the signature is not of this site's key: it is of another site, or was changed";
}
