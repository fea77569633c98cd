/** Whose account a configuration names, whatever its format: a one-time account of the service, or a final one. */
import type { AccountKind } from '../store/milestones.ts';

/** Undefined: it names none. The service's names of account and registrars are undocumented, but public. */
export function accountKind(body: Uint8Array): AccountKind | undefined {
  const text = Buffer.from(body).toString('latin1');
  if (/@onboarding\.org\b/i.test(text)) return 'onboarding';
  // Analog adapters are told both registrars at once: only then it is the account that tells.
  if (/\bmainsbc-[a-z0-9-]+\./i.test(text)) return 'final';
  return /\bobsbc-[a-z0-9-]+\./i.test(text) ? 'onboarding' : undefined;
}
