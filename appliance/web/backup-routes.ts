/** The ways of a backup out of the box and back in. What is in it is sealed by root's side; here it passes as bytes. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { Type } from '../schema.ts';
import { takenBackup, uploadedBackup } from '../store/backup/box-files.ts';
import { refusal } from './admin-routes.ts';
import { order, OrderGiven } from './order-routes.ts';
import { pieceFailure } from './pieces.ts';
import { failure, ok, type Answer, type Asked, type Route, type Sources } from './routes.ts';

const strict = { additionalProperties: false } as const;
const passphrase = Type.String({ minLength: 12, maxLength: 1024 });

/** A box of a thousand phones has some 100 MB. */
const mostBackupBytes = 4 * 2 ** 30;

export const backupRoutes: readonly Route[] = [
  {
    url: '/api/backup',
    method: 'post',
    isFor: 'admin',
    summary:
      'Takes a backup of the whole box, sealed with the passphrase; when the order is done it can be fetched.',
    body: Type.Object({ passphrase }, strict),
    bodyLimit: 8192,
    answer: OrderGiven,
    answerTo: async (asked, sources) => {
      const { passphrase: words } = asked.body as { passphrase: string };
      const secret = await sources.admin.keepForRoot(words);
      return await order(asked, sources, { kind: 'backup.take', words: { secret } });
    },
  },
  {
    url: '/api/backup',
    isFor: 'admin',
    summary: 'The last backup that was taken.',
    mediaType: 'application/octet-stream',
    answerTo: (_asked, { config }) => {
      const file = takenBackup(config.site.state_directory);
      if (!existsSync(file)) return failure(404, 'no_backup', 'No backup was taken yet.');
      const day = statSync(file).mtime.toISOString().slice(0, 10);
      const headers = {
        'content-disposition': `attachment; filename="gatehouse-${day}.backup"`,
        'content-length': String(statSync(file).size),
      };
      return { code: 200, body: createReadStream(file), headers };
    },
  },
  {
    url: '/api/restore/upload',
    method: 'post',
    isFor: 'admin',
    summary: 'A piece of a backup, as bytes, at an offset: one after the other, the first at 0.',
    query: Type.Object({ offset: Type.Integer({ minimum: 0, maximum: mostBackupBytes }) }, strict),
    answer: Type.Object({ bytes: Type.Integer({ description: 'So many are here now.' }) }),
    answerTo: takePiece,
  },
  {
    url: '/api/restore',
    method: 'post',
    isFor: 'admin',
    summary:
      'Makes this box the one of the backup that was uploaded. Its admin signs in with the password of the backup then.',
    body: Type.Object({ passphrase, password: Type.String({ minLength: 1, maxLength: 1024 }) }, strict),
    bodyLimit: 8192,
    answer: OrderGiven,
    answerTo: async (asked, sources) => {
      const { passphrase: words, password } = asked.body as { passphrase: string; password: string };
      if (!existsSync(uploadedBackup(sources.config.site.state_directory)))
        return failure(409, 'nothing_uploaded', 'No backup was uploaded.');
      const refused = await sources.admin.confirm(password, asked.remote);
      if (refused !== undefined) return refusal(refused);
      const secret = await sources.admin.keepForRoot(words);
      return await order(asked, sources, { kind: 'restore.put', words: { secret } });
    },
  },
];

async function takePiece({ body, query }: Asked, { config, takePiece: take }: Sources): Promise<Answer> {
  const { offset } = query as { offset: number };
  const file = uploadedBackup(config.site.state_directory);
  try {
    return ok({ bytes: await take(body, { file, offset, most: mostBackupBytes - offset }) });
  } catch (error) {
    return pieceFailure(error);
  }
}
