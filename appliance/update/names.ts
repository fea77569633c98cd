/** Names under which a release is announced, in a folder on a server, on a stick, or of the box: all others stand in the manifest. */

export function announcementName(architecture: string): string {
  return `gatehouse_${architecture}.release`;
}

export const revocationsName = 'gatehouse.revocations';
