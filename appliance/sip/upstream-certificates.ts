/** Registrars whose certificate ends soon: whoever owns one may have forgotten it, and then no phone gets through any more. Pure. */

const dayMs = 86_400_000;
/** By then a certificate that renews itself has done so. */
const soonMs = 7 * dayMs;

/** `ends`: by host, when the certificate ends that it last showed, ms since 1970. */
export function certificateTrouble(ends: ReadonlyMap<string, number>, now: number): string | undefined {
  const [first] = Array.from(ends).toSorted(([, a], [, b]) => a - b);
  if (first === undefined || first[1] - now > soonMs) return undefined;
  const days = Math.max(0, Math.floor((first[1] - now) / dayMs));
  const when = days === 0 ? 'within a day' : days === 1 ? 'in a day' : `in ${days} days`;
  return `the certificate of the registrar ${first[0]} ends ${when}: no phone gets there after that`;
}
