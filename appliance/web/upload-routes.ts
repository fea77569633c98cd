/** What uploads through the page have in common: they begin, pieces come, and the whole is handed to who puts it in, or is given up. */
import { Type } from '../schema.ts';
import { notSignedIn, OrderGiven, type Given } from './order-routes.ts';
import { pieceFailure } from './pieces.ts';
import { failure, ok, type Answer, type Asked, type Route, type Sources } from './routes.ts';
import type { Upload } from './uploads.ts';

type Kind = keyof Sources['uploads'];
type ToUpload = (upload: Upload, asked: Asked, sources: Sources) => Answer | Promise<Answer>;

interface UploadKind {
  readonly kind: Kind;
  /** Where it begins. */
  readonly url: string;
  /** Before each piece, and before the whole is handed on. */
  readonly prepare?: (upload: Upload, sources: Sources) => void;
  /** Of a piece: `offset`, and what tells of which file it is. */
  readonly query: Route['query'];
  readonly fileOf: (asked: Asked, upload: Upload) => string;
  /** Orders that the whole is put in. Undefined: nobody is signed in. */
  readonly give: (upload: Upload, asked: Asked, sources: Sources) => Promise<Given | undefined>;
  /** What putting it in means. */
  readonly summary: string;
}

const strict = { additionalProperties: false } as const;
export const uploadId = Type.Object({ id: Type.String({ maxLength: 40, pattern: '^[0-9a-f-]+$' }) });

/** Each of them is for the admin's session in which it was begun. */
export function uploadRoutes(about: UploadKind): readonly Route[] {
  const { kind, url, prepare, query, fileOf, give, summary } = about;
  const common = { method: 'post', isFor: 'admin', params: uploadId } as const;
  return [
    {
      ...common,
      url: `${url}/:id`,
      summary: 'A piece of it, as bytes, at an offset: one after the other, the first at 0.',
      ...(query && { query }),
      answer: Type.Object({ bytes: Type.Integer({ description: 'So many are here now.' }) }),
      answerTo: withUpload(kind, async (upload, asked, sources) => {
        prepare?.(upload, sources);
        const { offset } = asked.query as { offset: number };
        try {
          const piece = { name: fileOf(asked, upload), body: asked.body, offset };
          return ok({ bytes: await sources.uploads[kind].take(upload, piece) });
        } catch (error) {
          return pieceFailure(error);
        }
      }),
    },
    {
      ...common,
      url: `${url}/:id/give-up`,
      summary: 'What is here of it goes.',
      body: Type.Object({}, strict),
      answer: Type.Object({}),
      answerTo: withUpload(kind, (upload, _asked, { uploads }) => {
        uploads[kind].giveUp(upload);
        return ok({});
      }),
    },
    {
      ...common,
      url: `${url}/:id/put`,
      summary,
      body: Type.Object({}, strict),
      answer: OrderGiven,
      answerTo: withUpload(kind, async (upload, asked, sources) => {
        prepare?.(upload, sources);
        const uploads = sources.uploads[kind];
        if (!uploads.close(upload)) return notWhole();
        let given;
        try {
          given = await give(upload, asked, sources);
        } finally {
          if (given === undefined) uploads.giveUp(upload);
          else uploads.handOver(upload, given);
        }
        return given === undefined ? notSignedIn() : ok({ order: given.order });
      }),
    },
  ];
}

/** `busy`: what to say while another one is under way. */
export function beginUpload(
  { uploads }: Sources,
  kind: Kind,
  { upload, busy }: { upload: Upload; busy: string },
): Answer {
  try {
    return uploads[kind].begin(upload) ? ok({ upload: upload.id }) : failure(409, 'busy', busy);
  } catch (error) {
    return pieceFailure(error);
  }
}

export const notWhole = () => failure(409, 'not_whole', 'Not all of it has come yet.');

export function withUpload(kind: Kind, answerTo: ToUpload) {
  return async (asked: Asked, sources: Sources): Promise<Answer> => {
    const upload = sources.uploads[kind].of(asked.params['id'] ?? '', asked.access.session?.id);
    if (upload === undefined) return failure(404, 'no_upload', 'This upload is over: begin again.');
    return await answerTo(upload, asked, sources);
  };
}
