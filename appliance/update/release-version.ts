/**
 * Versions of releases: three numbers and nothing else, so that we, systemd-sysupdate and systemd-boot put them in the same order
 * (UAPI.10 and semantic versioning disagree about what follows a hyphen). Pure.
 */

export const versionPattern = String.raw`^(?:0|[1-9]\d{0,5})(?:\.(?:0|[1-9]\d{0,5})){2}$`;

const shape = new RegExp(versionPattern);

export function isReleaseVersion(text: string): boolean {
  return shape.test(text);
}

/** Below 0: `a` is older than `b`. Both must be versions. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  const at = (left ?? []).findIndex((number, index) => number !== right?.[index]);
  return at < 0 ? 0 : (left?.[at] ?? 0) - (right?.[at] ?? 0);
}

export function highestVersion(first: string, ...others: readonly string[]): string {
  return others.reduce((highest, other) => (compareVersions(other, highest) > 0 ? other : highest), first);
}
