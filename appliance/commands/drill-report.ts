/** Who could call whom if the internet were away now. Pure. */
import { dialledOf, isListed, numbersOf, phonesOf, type DialPlan } from '../sip/dial-plan.ts';
import type { BindingRow } from '../store/bindings.ts';
import type { SiteNumber } from '../store/site-numbers.ts';

export interface DrillPhone {
  readonly mac: string | null;
  readonly user: string;
  /** It holds a registration now, and would keep it. */
  readonly isThere: boolean;
  /** Its password is known: it would come back after a restart, its own or the box's. */
  readonly comesBack: boolean;
  /** What others dial to reach it. */
  readonly reachedBy: readonly string[];
  /** Sentences: why it could not call, be called, or come back. */
  readonly problems: readonly string[];
}

export interface DrillReport {
  readonly phones: readonly DrillPhone[];
  /** Numbers of the site's list that lead to no phone. */
  readonly nobodys: readonly { readonly dialled: string; readonly phone: string }[];
}

interface Known {
  readonly bindings: readonly BindingRow[];
  /** Users whose password is known. */
  readonly accounts: ReadonlySet<string>;
  readonly numbers: readonly SiteNumber[];
  readonly plan: DialPlan;
  readonly now: number;
}

export function drillReport(known: Known): DrillReport {
  const { bindings, numbers } = known;
  const nobodys = numbers
    .filter(({ phone }) => !bindings.some((binding) => isListed(binding, phone)))
    .flatMap((entry) => dialledOf(entry).map((dialled) => ({ dialled, phone: entry.phone })));
  return { phones: bindings.map((binding) => drillPhone(binding, known)), nobodys };
}

function drillPhone(binding: BindingRow, known: Known): DrillPhone {
  const user = binding.aor.slice(0, binding.aor.lastIndexOf('@'));
  const isThere = binding.state !== 'late' && binding.local_expires_at > known.now;
  const comesBack = known.accounts.has(user);
  const candidates = dialledFor(binding, known);
  const reachedBy = candidates.filter((number) => found(number, known).includes(binding));
  const shared = candidates.filter(
    (number) => !reachedBy.includes(number) && found(number, known).length === 0,
  );
  return {
    mac: binding.mac,
    user,
    isThere,
    comesBack,
    reachedBy,
    problems: [
      ...(isThere ? [] : ['not registered: it can neither call nor be called']),
      ...(comesBack
        ? []
        : [
            'its password is not known (no configuration with it passed here): out after a restart until the internet is back',
          ]),
      ...(reachedBy.length > 0
        ? []
        : ['nobody can call it: no number of it is known (gatehouse import numbers)']),
      ...shared.map((number) => `${number} fits several phones: nobody is rung by it`),
    ],
  };
}

/** Its numbers, the extensions that they end in, and what the site's list says. */
function dialledFor(binding: BindingRow, { numbers, plan }: Known): string[] {
  const own = numbersOf(binding);
  const { extension_length: digits } = plan;
  const extensions =
    digits === 0 ? [] : own.filter(({ length }) => length >= digits).map((number) => number.slice(-digits));
  const listed = numbers.filter(({ phone }) => isListed(binding, phone)).flatMap(dialledOf);
  return [...new Set([...listed, ...own, ...extensions])];
}

function found(number: string, { bindings, plan }: Known): BindingRow[] {
  return phonesOf(number, bindings, plan);
}
