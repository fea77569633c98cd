/** Where Debian's packages come from: the mirrors that this machine's own apt uses, asked for the release that the image is made of. */
import { run } from './command.ts';

export const suite = 'trixie';

export interface Mirror {
  readonly archive: string;
  /** Absent: the machine knows no mirror of the security archive. */
  readonly security?: string;
}

/**
 * From `GATEHOUSE_MIRROR` ("ARCHIVE" or "ARCHIVE SECURITY", two addresses), else from apt's list of indexes.
 * @throws when neither names an archive
 */
export function thisMirror(variable: string | undefined): Mirror {
  const [archive, security] = variable?.split(/\s+/).filter((word) => word !== '') ?? [];
  if (archive !== undefined) return { archive, ...(security === undefined ? {} : { security }) };
  const mirror = mirrorOfTargets(
    run('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)']),
  );
  if (mirror === undefined)
    throw new Error('no Debian mirror in the apt sources of this machine: name one in GATEHOUSE_MIRROR');
  return mirror;
}

/** Lines of "URI RELEASE COMPONENT", as `apt-get indextargets` prints them. */
export function mirrorOfTargets(text: string): Mirror | undefined {
  const targets = text.split('\n').map((line) => line.split(' '));
  const uri = (release: RegExp) =>
    targets.find(([, name = '', component]) => component === 'main' && release.test(name))?.[0];
  const archive = uri(/^(?:bookworm|trixie|stable|oldstable)$/);
  const security = uri(/^(?:bookworm|trixie|stable|oldstable)-security$/);
  if (archive === undefined) return undefined;
  return { archive, ...(security === undefined ? {} : { security }) };
}

/** An apt sources file for the image's release, believed only with Debian's own keys. */
export function sourcesList({ archive, security }: Mirror, keyring: string): string {
  const lines = [
    [archive, suite],
    [archive, `${suite}-updates`],
    ...(security === undefined ? [] : [[security, `${suite}-security`]]),
  ];
  return lines.map((line) => `deb [signed-by=${keyring}] ${line.join(' ')} main\n`).join('');
}
