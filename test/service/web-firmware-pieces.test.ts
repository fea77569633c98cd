/** A firmware file comes through the page in pieces, and nothing is left of one that is given up. The full disk needs root. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOutcome } from '../../appliance/store/outcomes.ts';
import { cutOff, openDesk } from '../support/desk.ts';
import { about, begin, image, send, uploadsIn } from '../support/firmware-desk.ts';
import { openNetworkPage } from '../support/page.ts';
import { openSmallDisk } from '../support/small-disk.ts';

describe('a piece', () => {
  it.each([
    ['that does not go on where the last one ended', '?offset=5', image.subarray(0, 10), 409],
    ['that is larger than a piece may be', '?offset=0', image.subarray(0, 4 * 2 ** 20 + 1), 413],
    ['without an offset', '', image.subarray(0, 10), 400],
    ['that is JSON', '?offset=0', {}, 400],
  ])('%s is refused, and the upload goes on', async (...[, query, piece, status]) => {
    const desk = await openDesk();
    const path = await begin(desk);
    expect((await desk.post(`${path}${query}`, piece)).status).toBe(status);
    await send(desk, path);
    expect((await desk.post(`${path}/put`, {})).status).toBe(200);
  });

  it('beyond what was said is refused, and so is putting in less', async () => {
    const desk = await openDesk();
    const path = await begin(desk, { bytes: 100 });
    expect((await desk.post(`${path}?offset=0`, image.subarray(0, 101))).status).toBe(413);
    expect((await desk.post(`${path}?offset=0`, image.subarray(0, 99))).body).toEqual({ bytes: 99 });
    const early = await desk.post(`${path}/put`, {});
    expect([early.status, early.body.error?.code]).toEqual([409, 'not_whole']);
    expect((await desk.post(`${path}?offset=99`, image.subarray(0, 2))).status).toBe(413);
    expect((await desk.post(`${path}?offset=99`, image.subarray(0, 1))).body).toEqual({ bytes: 100 });
    expect((await desk.post(`${path}/put`, {})).status).toBe(200);
    expect((await desk.post(`${path}/put`, {})).status).toBe(404);
    expect((await desk.post(`${path}?offset=100`, image.subarray(0, 1))).status).toBe(404);
  });

  it('that is cut off in its middle leaves the file as it was', async () => {
    const desk = await openDesk();
    const path = await begin(desk);
    const file = join(desk.directory, 'web/firmware', path.split('/').at(-1) ?? '');
    await cutOff(desk, `${path}?offset=0`, { file, bytes: image.subarray(0, 1_000_000) });
    await send(desk, path);
    expect((await desk.post(`${path}/put`, {})).status).toBe(200);
  });
});

describe('nothing is left of an upload', () => {
  it('that nobody goes on with for a minute', async () => {
    const desk = await openDesk();
    const path = await begin(desk);
    await desk.post(`${path}?offset=0`, image.subarray(0, 1_000_000));
    await desk.clock.advance(50_000);
    expect(uploadsIn(desk.directory)).toHaveLength(1);
    await desk.clock.advance(20_000);
    expect(uploadsIn(desk.directory)).toEqual([]);
    expect((await desk.post(`${path}?offset=1000000`, image.subarray(0, 10))).status).toBe(404);
    await begin(desk);
  });

  it('that a restart of the page cut off', async () => {
    const first = await openDesk();
    const path = await begin(first);
    await first.post(`${path}?offset=0`, image.subarray(0, 1_000_000));
    expect(uploadsIn(first.directory)).toHaveLength(1);
    await openNetworkPage({ directory: first.directory });
    expect(uploadsIn(first.directory)).toEqual([]);
  });

  it('that nobody puts in, since that part does not run', async () => {
    const desk = await openDesk();
    const path = await begin(desk);
    await send(desk, path);
    const { body } = await desk.post(`${path}/put`, {});
    await desk.clock.advance(100_000);
    expect(uploadsIn(desk.directory)).toHaveLength(1);
    await desk.clock.advance(30_000);
    expect(uploadsIn(desk.directory)).toEqual([]);
    expect(readOutcome(desk.directory, String(body['order']))).toBeUndefined();
  });

  it('when the disk fills up under it, and one that would fill it does not begin', async () => {
    const disk = openSmallDisk(112);
    const desk = await openDesk(disk.directory);
    const large = await desk.post('/api/firmware/uploads', { ...about, bytes: 40_000_000 });
    expect([large.status, large.body.error?.code]).toEqual([507, 'no_room']);
    const path = await begin(desk);
    await desk.post(`${path}?offset=0`, image.subarray(0, 4_000_000));
    disk.fill();
    const full = await desk.post(`${path}?offset=4000000`, image.subarray(4_000_000, 8_000_000));
    expect([full.status, full.body.error?.code]).toEqual([507, 'no_room']);
    expect(uploadsIn(desk.directory)).toEqual([]);
  });
});
