/** What sip needs in an outage of a configuration on its way down: whose account the phone has, and its password, sealed. */
import { readAccountSealer, type AccountSealer } from '../store/account-seal.ts';
import type { Posture } from '../store/phone-stage.ts';
import { replaceSipAccounts, type SipAccountRow } from '../store/sip-accounts.ts';
import type { Transaction } from '../store/store.ts';
import { accountKind } from './account-kind.ts';
import type { PassedAccount } from './accounts.ts';
import type { KeptAnswer } from './answers.ts';
import type { Context } from './context.ts';
import type { Passing } from './passing.ts';

interface Given {
  readonly passing: Passing;
  readonly fresh: KeptAnswer;
  readonly accounts: readonly PassedAccount[];
  /** From here on. */
  readonly posture: Posture | undefined;
}

/** Kept while the phone's SIP goes through the box, and only of somebody who is signed in. */
export function keepAccounts(
  { site, world }: Pick<Context, 'site' | 'world'>,
  tx: Transaction,
  { passing, fresh, accounts, posture }: Given,
): void {
  const { mac } = passing.asker;
  if (posture !== 'full' || passing.isBypassed) {
    replaceSipAccounts(tx.db, mac, []);
    return;
  }
  // One of several files: the account is in another.
  if (fresh.status !== 200 || accounts.length === 0) return;
  const isSignedIn = accountKind(fresh.body) !== 'onboarding';
  const sealer = isSignedIn ? readAccountSealer(site.state_directory) : undefined;
  const at = world.clock.now();
  replaceSipAccounts(tx.db, mac, sealer === undefined ? [] : sealedRows(sealer, accounts, { mac, at }));
}

function sealedRows(
  sealer: AccountSealer,
  accounts: readonly PassedAccount[],
  { mac, at }: Pick<SipAccountRow, 'mac' | 'at'>,
): SipAccountRow[] {
  return accounts.map(({ line, user, ...secret }) => ({
    mac,
    line,
    user,
    sealed: sealer.seal({ mac, user }, secret),
    sealed_for: sealer.keyId,
    at,
  }));
}
