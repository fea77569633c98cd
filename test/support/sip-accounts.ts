/** An account as provisioning keeps it when a configuration passes. */
import { readAccountSealer, type AccountSecret } from '../../appliance/store/account-seal.ts';
import { savePhoneConfiguration } from '../../appliance/store/phone-configurations.ts';
import { replaceSipAccounts } from '../../appliance/store/sip-accounts.ts';
import { openStore } from '../../appliance/store/store.ts';
import { systemClock } from '../../appliance/world.ts';

interface Passed extends AccountSecret {
  readonly mac: string;
  readonly user: string;
}

/** Sip must have run in this directory. */
export async function passAccount(directory: string, { mac, user, ...secret }: Passed): Promise<void> {
  const sealer = readAccountSealer(directory);
  if (sealer === undefined) throw new Error('sip has made no key');
  const at = systemClock.now();
  using store = openStore({ directory, part: 'provisioning', clock: systemClock });
  await store.write((tx) => {
    savePhoneConfiguration(tx.db, { mac, ip: '127.0.0.1', userAgent: '', stage: 3, at, status: 200 });
    const sealed = sealer.seal({ mac, user }, secret);
    replaceSipAccounts(tx.db, mac, [{ mac, line: 1, user, sealed, sealed_for: sealer.keyId, at }]);
  });
}
