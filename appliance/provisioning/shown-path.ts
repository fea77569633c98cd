/** A phone's path as people may see it: paths of later stages are credentials. Pure. */
import type { Upstream } from './hosts.ts';

const longestSegment = 64;
const mostSegments = 12;
/** Words of the service's own paths, the language, and its pages. */
const openSegment = /^(?:device|ob|state|onboarding|mmiiaacc|lang_[a-z]{2}|[a-z]{1,24}\.php)$/i;
/** A vendor's file for one phone, or for all of its phones. */
const ownFile = /^(?:[0-9a-f]{12}|y0{10}\d\d)(?:-[a-z]{1,16})?\.[a-z]{1,8}$/i;

/** Masked is what nobody could guess. A first stage shows all but its query. */
export function shownPath({ use, path }: Pick<Upstream, 'use' | 'path'>): string {
  const plain = path.split(/[?#]/)[0] ?? '';
  const segments = plain.split('/').slice(0, mostSegments);
  const isLater = use === 'later' || segments.some((segment) => /^(?:device|mmiiaacc)$/i.test(segment));
  const shown = segments.map((segment, at) => {
    if (segment.length > longestSegment) return '…';
    const isOpen = openSegment.test(segment) || (at === segments.length - 1 && ownFile.test(segment));
    return segment === '' || !isLater || isOpen ? segment : '…';
  });
  return `${shown.join('/')}${plain.length < path.length ? '?…' : ''}`;
}
