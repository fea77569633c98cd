/**
 * A release through the page. What announces it comes first and is judged by root (`box/update.ts`), who says which files belong to it;
 * then these come, no others and no more of them, and root looks at everything anew.
 */
import { randomUUID } from 'node:crypto';
import { Type } from '../schema.ts';
import { readUpdates } from '../store/update-view.ts';
import { notSignedIn, orderBox, OrderGiven } from './order-routes.ts';
import { ok, type Answer, type Asked, type Route, type Sources } from './routes.ts';
import { beginUpload, notWhole, uploadId, uploadRoutes, withUpload } from './upload-routes.ts';
import type { ExpectedFile, Upload } from './uploads.ts';

const strict = { additionalProperties: false } as const;
const url = '/api/update/uploads';

/** Of an announcement, or a list of keys that were taken back. */
const mostFirstBytes = 65_536;
/** Announcements for each kind of machine, and the list. */
const mostFirstFiles = 4;
const mostFileBytes = 2 ** 30;

/** No name of ours has anything in it that leads elsewhere. */
const name = Type.String({ maxLength: 120, pattern: String.raw`^gatehouse[a-z0-9._-]*$` });

const Beginning = Type.Object(
  {
    files: Type.Array(
      Type.Object({ name, bytes: Type.Integer({ minimum: 1, maximum: mostFirstBytes }) }, strict),
      { minItems: 1, maxItems: mostFirstFiles },
    ),
  },
  strict,
);

const Piece = Type.Object({ name, offset: Type.Integer({ minimum: 0, maximum: mostFileBytes }) }, strict);

export const releaseRoutes: readonly Route[] = [
  {
    url,
    method: 'post',
    isFor: 'admin',
    summary:
      'Begins the upload of a release with what announces it (`.release`, and `gatehouse.revocations` if there is one). One at a time; it is over when nothing came for three minutes.',
    body: Beginning,
    bodyLimit: 4096,
    answer: Type.Object({ upload: Type.String() }),
    answerTo: begin,
  },
  {
    url: `${url}/:id`,
    isFor: 'admin',
    summary: 'Its files, those of an announcement that was found good too, and how much of each is here.',
    params: uploadId,
    answer: Type.Object({
      files: Type.Array(
        Type.Object({
          name: Type.String(),
          bytes: Type.Integer({ description: 'In all.' }),
          taken: Type.Integer({ description: 'So many are here.' }),
        }),
      ),
    }),
    answerTo: withUpload('release', (upload, _asked, sources) => {
      expectOffered(upload, sources);
      return ok({ files: sources.uploads.release.taken(upload) });
    }),
  },
  {
    url: `${url}/:id/offer`,
    method: 'post',
    isFor: 'admin',
    summary: 'What announces it is here: it is judged, and if it is good the files that it names may come.',
    params: uploadId,
    body: Type.Object({}, strict),
    answer: OrderGiven,
    answerTo: withUpload('release', offer),
  },
  ...uploadRoutes({
    kind: 'release',
    url,
    prepare: expectOffered,
    query: Piece,
    fileOf: ({ query }) => (query as { name: string }).name,
    give: async (_upload, asked, sources) =>
      await orderBox(asked, sources, { kind: 'update.put', words: {} }),
    summary: 'All of it is here: it is looked at, and lies ready then.',
  }),
];

function begin({ access, body }: Asked, sources: Sources): Answer {
  if (access.session === undefined) return notSignedIn();
  const { files } = body as { files: readonly ExpectedFile[] };
  const upload = { id: randomUUID(), session: access.session.id, files, words: {} };
  const busy = 'Another release is being put in. One that was given up is gone after three minutes.';
  return beginUpload(sources, 'release', { upload, busy });
}

async function offer(upload: Upload, asked: Asked, sources: Sources): Promise<Answer> {
  const isWhole = sources.uploads.release.taken(upload).every(({ bytes, taken }) => taken === bytes);
  if (!isWhole) return notWhole();
  const given = await orderBox(asked, sources, { kind: 'update.offer', words: { upload: upload.id } });
  return given === undefined ? notSignedIn() : ok({ order: given.order });
}

/** By root's word, not by what was uploaded. */
function expectOffered(upload: Upload, { uploads, config }: Sources): void {
  const { offered } = readUpdates(config.site.state_directory);
  if (offered?.upload === upload.id) uploads.release.expect(upload, offered.files);
}
