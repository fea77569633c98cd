/** Bulk sign-in of SIP devices (facts/cloud.md 2.2): a batch resets the accounts' passwords and signs their phones in. */
import { randomUUID } from 'node:crypto';
import { refusal } from './json-service.ts';
import type { JsonAnswer, JsonRequest, Route } from './json-service.ts';

interface BatchItem {
  readonly UserName: string;
  readonly HardwareId: string;
  Status: 'pending' | 'success' | 'failed';
  Error: string;
}

interface SignInBatch {
  readonly BatchId: string;
  readonly TargetRegion: string;
  readonly CreatedAt: string;
  BatchStatus: 'InProgress' | 'Completed';
  readonly BatchItem: BatchItem[];
}

export interface BulkSignIn {
  readonly batches: readonly SignInBatch[];
  /** Each account whose password a batch has reset, in order: it is unknown to everybody from then on. */
  readonly passwordsReset: readonly string[];
}

export interface BulkSignInOptions {
  /** Judges one row: `undefined` signs in, text is the error. */
  readonly judge: (row: { username: string; hardwareId: string }) => string | undefined;
}

const root = '/Teams.SipDevicesGatewayManagement/v1';
const regions = new Set(['APAC', 'EMEA', 'NOAM']);
const [mostRows, mostBatchesPerRegion] = [100, 3];

export function newBulkSignIn(options: BulkSignInOptions): { state: BulkSignIn; routes: Route[] } {
  const batches: SignInBatch[] = [];
  const passwordsReset: string[] = [];
  const create = ({ query, body }: JsonRequest): JsonAnswer => {
    const region = query.get('TargetRegion') ?? '';
    if (!regions.has(region)) return refusal(400, 'BadRequest', 'TargetRegion is APAC, EMEA or NOAM.');
    if (!Array.isArray(body) || body.length === 0)
      return refusal(400, 'BadRequest', 'An array of rows is expected.');
    if (body.length > mostRows) return refusal(400, 'BadRequest', `At most ${mostRows} rows.`);
    const open = batches.filter(
      (batch) => batch.TargetRegion === region && batch.BatchStatus === 'InProgress',
    );
    if (open.length >= mostBatchesPerRegion)
      return refusal(429, 'TooManyRequests', 'Three batches of this region are in progress.');
    const batch: SignInBatch = {
      BatchId: randomUUID(),
      TargetRegion: region,
      CreatedAt: new Date().toISOString(),
      BatchStatus: 'InProgress',
      // The real cmdlet validates nothing: blank cells pass, and fail later.
      BatchItem: (body as Record<string, unknown>[]).map((row) => ({
        UserName: cell(row['Username']),
        HardwareId: cell(row['HardwareId']),
        Status: 'pending',
        Error: '',
      })),
    };
    batches.push(batch);
    return { status: 200, body: { BatchId: batch.BatchId } };
  };
  /** It runs between two looks at it. */
  const run = (batch: SignInBatch) => {
    if (batch.BatchStatus === 'Completed') return;
    for (const item of batch.BatchItem) {
      const error = options.judge({ username: item.UserName, hardwareId: item.HardwareId });
      if (error === undefined) passwordsReset.push(item.UserName);
      item.Status = error === undefined ? 'success' : 'failed';
      item.Error = error ?? '';
    }
    batch.BatchStatus = 'Completed';
  };
  const status = ({ query }: JsonRequest): JsonAnswer => {
    const batch = batches.find(({ BatchId }) => BatchId === query.get('batchid'));
    if (batch === undefined) return refusal(404, 'NotFound', 'There is no such batch.');
    const answer = structuredClone(batch);
    run(batch);
    return { status: 200, body: answer };
  };
  const summaries = (): JsonAnswer => ({
    status: 200,
    body: batches.map(({ BatchItem: items, ...rest }) => ({ ...rest, Rows: items.length })),
  });
  return {
    state: { batches, passwordsReset },
    routes: [
      { method: 'POST', path: `${root}/createbatch`, answer: create },
      { method: 'GET', path: `${root}/batchstatus`, answer: status },
      { method: 'GET', path: `${root}/batchsummaries`, answer: summaries },
    ],
  };
}

function cell(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
