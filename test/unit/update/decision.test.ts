import { expect, it } from 'vitest';
import { requireSuitable, type RunningBox, type Wish } from '../../../appliance/update/decision.ts';
import type { Manifest } from '../../../appliance/update/manifest.ts';
import type { RefusalCode } from '../../../appliance/update/refusal.ts';
import { compareVersions, highestVersion } from '../../../appliance/update/release-version.ts';
import { isInWindow, reasonToWait } from '../../../appliance/update/window.ts';
import { someManifest } from '../../support/release.ts';
import { refusalOf } from '../../support/update-refusal.ts';

const box = { architecture: 'amd64', version: '0.1.0', floor: '0.1.0', failed: [], dataFloors: {} };
const byTimer = { isByHand: false, isForced: false };
const byHand = { isByHand: true, isForced: false };
const forced = { isByHand: true, isForced: true };

interface Case {
  readonly manifest?: Partial<Manifest>;
  readonly running?: Partial<RunningBox>;
  readonly wish: Wish;
  readonly code?: RefusalCode;
}

const cases: Readonly<Record<string, Case>> = {
  'a newer release is for the box': { wish: byTimer },
  'one for another machine is not': {
    manifest: { architecture: 'arm64' },
    wish: forced,
    code: 'wrong_architecture',
  },
  'the running one is no update': { manifest: { version: '0.1.0' }, wish: forced, code: 'same_version' },
  'an older one is refused': {
    manifest: { version: '0.1.9' },
    running: { version: '0.2.0' },
    wish: byHand,
    code: 'downgrade',
  },
  'an older one is taken when an administrator wants it': {
    manifest: { version: '0.1.9' },
    running: { version: '0.2.0' },
    wish: forced,
  },
  'one below the floor is refused whoever wants it': {
    manifest: { version: '0.1.9' },
    running: { version: '0.2.0', floor: '0.1.10' },
    wish: forced,
    code: 'below_floor',
  },
  'one that skips what migrates the data is refused': {
    manifest: { updatesFrom: '0.1.1' },
    wish: forced,
    code: 'data',
  },
  'one that lost the migration of a file is refused': {
    running: { dataFloors: { web: 6 } },
    wish: forced,
    code: 'data',
  },
  'one that knows all migrations of a file is taken': { running: { dataFloors: { web: 5 } }, wish: byTimer },
  'one that does not know a file at all is refused': {
    running: { dataFloors: { fax: 1 } },
    wish: byTimer,
    code: 'data',
  },
  'one that failed here is not tried again': {
    running: { failed: ['0.2.0'] },
    wish: byTimer,
    code: 'failed_before',
  },
  'one that failed here is tried again by hand': { running: { failed: ['0.2.0'] }, wish: byHand },
};

it.each(Object.entries(cases))('%s', (_title, { manifest, running, wish, code }) => {
  expect(refusalOf(() => requireSuitable(someManifest(manifest), { ...box, ...running }, wish))).toBe(code);
});

it('versions count by number and not by letter', () => {
  const sorted = ['0.10.0', '0.9.10', '1.0.0', '0.9.9'].toSorted(compareVersions);
  expect(sorted).toEqual(['0.9.9', '0.9.10', '0.10.0', '1.0.0']);
  expect(highestVersion('0.2.0', '0.10.0', '0.9.0')).toBe('0.10.0');
});

const at = (hour: number, minute = 0) => Date.UTC(2026, 10, 26, hour, minute);

it('a window is by the clock on the wall, and may go over midnight', () => {
  const night = { window: '02:00-05:00', timeZone: 'Europe/Berlin' };
  expect([at(0, 59), at(1), at(3, 59), at(4)].map((now) => isInWindow({ ...night, now }))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  const late = { window: '22:30-01:00', timeZone: 'UTC' };
  expect([at(22, 29), at(22, 30), at(0, 59), at(1)].map((now) => isInWindow({ ...late, now }))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

it('a window that ends when it begins is all day, and not never', () => {
  const day = { window: '00:00-00:00', timeZone: 'UTC' };
  expect([at(0), at(12), at(23, 59)].map((now) => isInWindow({ ...day, now }))).toEqual([true, true, true]);
});

it('an update waits for window and calls unless told now, and for a call for help always', () => {
  const moment = { window: '02:00-05:00', timeZone: 'UTC', now: at(3) };
  const day = { ...moment, now: at(12) };
  const quiet = { calls: 0, isHelpUp: false };
  expect(reasonToWait(moment, quiet, false)).toBeUndefined();
  expect(reasonToWait(day, quiet, false)).toBe('it waits for the window, 02:00-05:00');
  expect(reasonToWait(moment, { ...quiet, calls: 1 }, false)).toBe('a call goes on');
  expect(reasonToWait(moment, { ...quiet, lastHelpAt: at(0, 30) }, false)).toBe(
    'somebody who called for help may be called back',
  );
  expect(reasonToWait(moment, { ...quiet, lastHelpAt: at(0) - 1 }, false)).toBeUndefined();
  expect(reasonToWait(day, { ...quiet, calls: 3 }, true)).toBeUndefined();
  expect(reasonToWait(day, { calls: 1, isHelpUp: true }, true)).toBe('somebody is calling for help');
});
