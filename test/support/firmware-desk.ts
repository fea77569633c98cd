/** A firmware file, and its way through the page of a box. */
import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { filesIn, type Desk } from './desk.ts';

export const image = randomBytes(9_000_000);
export const sha256 = createHash('sha256').update(image).digest('hex');
export const about = { model: 'T46S', release: '66.86.5.1', name: 'T46S.rom', bytes: image.length };
export const stored = 'provisioning/firmware/yealink/T46S/66.86.5.1';

export async function begin({ post }: Desk, more: object = {}): Promise<string> {
  const { status, body } = await post('/api/firmware/uploads', { ...about, ...more });
  expect([status, body.error]).toEqual([200, undefined]);
  return `/api/firmware/uploads/${String(body['upload'])}`;
}

export async function send({ post }: Desk, path: string, bytes = image): Promise<void> {
  for (let offset = 0; offset < bytes.length; offset += 4_000_000) {
    const piece = bytes.subarray(offset, offset + 4_000_000);
    expect((await post(`${path}?offset=${offset}`, piece)).status).toBe(200);
  }
}

export const uploadsIn = (directory: string): string[] => filesIn(directory, 'web/firmware');
