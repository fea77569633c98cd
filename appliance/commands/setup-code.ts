/** `gatehouse setup-code`: what a new box's screen shows, so that only who stands before it can make it his. */
import { join } from 'node:path';
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { pageFingerprint } from '../net/page-certificate.ts';
import { setupCode } from '../store/admin-password.ts';
import { openSecrets } from '../store/secrets.ts';
import { systemClock } from '../world.ts';
import { becomeWeb } from './as-web.ts';

/** The code alone, for scripts; with `--json` the fingerprint of the page's certificate too. Exit code 1: the box has its password. */
export async function setupCodeCommand({ configFile, json, rest, out }: CommandCall): Promise<number> {
  if (rest.length > 0) {
    out('usage: gatehouse setup-code [--json]');
    return 2;
  }
  const { state_directory: directory } = readConfig(configFile).site;
  becomeWeb(directory);
  using secrets = openSecrets(directory, 'web', systemClock);
  const code = await setupCode(secrets);
  const fingerprint = pageFingerprint(join(directory, 'web'));
  if (json) out(JSON.stringify({ code: code ?? null, certificateSha256: fingerprint ?? null }));
  else if (code === undefined)
    console.error('gatehouse: this box has its password; `gatehouse password` sets another one');
  else out(code);
  return code === undefined ? 1 : 0;
}
