/** `gatehouse.toml` on the page: shown to who has signed in, judged as it is changed, and written by root. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError, fileReaders, parseConfig, type FileKey } from '../config.ts';
import { settingsMark } from '../config/mark.ts';
import { describeKeys } from '../config/print.ts';
import { mostFileBytes, settingsFileProblem } from '../config/settings-file.ts';
import { Type } from '../schema.ts';
import { order, OrderGiven } from './order-routes.ts';
import { failure, ok, type Answer, type Route } from './routes.ts';

const strict = { additionalProperties: false } as const;
const text = Type.String();
/** As many as root takes. */
const mostTomlBytes = 256 * 1024;
const toml = Type.String({ minLength: 1, maxLength: mostTomlBytes });
/** A text as JSON takes up to six times its bytes; few of a TOML file need it. */
const bodyLimit = 3 * mostTomlBytes;

const Settings = Type.Object({
  toml: text,
  read: Type.String({ description: 'Says with a change what it was made of.' }),
  file: Type.String({ description: 'Where they are on the box.' }),
  names: Type.Array(text, { description: 'Files beside them: what is in these nobody reads here.' }),
});

const Keys = Type.Object({
  keys: Type.Array(Type.Object({ table: text, key: text, about: text, form: text })),
  fileKeys: Type.Array(text, { description: 'Of these keys files may be put in.' }),
});

export const settingsRoutes: readonly Route[] = [
  {
    url: '/api/settings',
    isFor: 'admin',
    summary: 'The settings of the box as they stand in its file. Secrets are in files that these name.',
    answer: Settings,
    answerTo: (_asked, { settingsFile }) => {
      if (settingsFile === undefined || !existsSync(settingsFile)) return nowhere();
      const now = readFileSync(settingsFile, 'utf8');
      return ok({ toml: now, read: settingsMark(now), file: settingsFile, names: besides(settingsFile) });
    },
  },
  {
    url: '/api/settings/keys',
    isFor: 'admin',
    summary: 'What there is to set, with what it is good for.',
    answer: Keys,
    answerTo: () => ok({ keys: describeKeys(), fileKeys: Object.keys(fileReaders) }),
  },
  {
    url: '/api/settings/check',
    method: 'post',
    isFor: 'admin',
    summary: 'Says what is wrong with settings, as `gatehouse config check` does, and changes nothing.',
    body: Type.Object({ toml }, strict),
    bodyLimit,
    answer: OrderGiven,
    answerTo: async (asked, sources) => {
      const { toml: wanted } = asked.body as { toml: string };
      return (
        wrong(wanted) ?? (await order(asked, sources, { kind: 'settings.check', words: { toml: wanted } }))
      );
    },
  },
  {
    url: '/api/settings',
    method: 'post',
    isFor: 'admin',
    summary:
      'Puts these settings in the place of those that were read, if nobody has changed them meanwhile. What changes the network is taken back unless it is confirmed.',
    body: Type.Object({ toml, read: Type.String({ pattern: '^[0-9a-f]{64}$' }) }, strict),
    bodyLimit,
    answer: OrderGiven,
    answerTo: async (asked, sources) => {
      const words = asked.body as { toml: string; read: string };
      const { settingsFile } = sources;
      if (settingsFile === undefined || !existsSync(settingsFile)) return nowhere();
      const now = settingsMark(readFileSync(settingsFile, 'utf8'));
      if (now !== words.read)
        return failure(
          409,
          'changed_meanwhile',
          'Somebody else has changed the settings since you read them: load them again, and make your change in those.',
        );
      return (
        wrong(words.toml) ?? (await order(asked, sources, { kind: 'settings.change', words: { ...words } }))
      );
    },
  },
  {
    url: '/api/settings/file',
    method: 'post',
    isFor: 'admin',
    summary: `A file that the settings name, beside them: text of ${mostFileBytes} bytes at most. Nobody can read it here again.`,
    body: Type.Object(
      {
        key: Type.Enum(Object.keys(fileReaders), { type: 'string', description: 'Which key names it.' }),
        name: Type.String({ minLength: 1, maxLength: 63 }),
        text: Type.String({ maxLength: mostFileBytes }),
      },
      strict,
    ),
    bodyLimit: 3 * mostFileBytes,
    answer: OrderGiven,
    answerTo: async (asked, sources) => {
      const file = asked.body as { key: FileKey; name: string; text: string };
      const problem = settingsFileProblem(file.name, file.text, file.key);
      if (problem !== undefined) return failure(400, 'no_file', problem);
      const secret = await sources.admin.keepForRoot(file.text);
      return await order(asked, sources, {
        kind: 'settings.file',
        words: { key: file.key, name: file.name, secret },
      });
    },
  },
];

const nowhere = () => failure(404, 'no_settings', 'There is no file of settings on this box.');

/** What the text alone shows; the rest root sees. */
function wrong(wanted: string): Answer | undefined {
  try {
    parseConfig(wanted);
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return failure(400, 'wrong', error.problems.join('\n'));
  }
}

function besides(settingsFile: string): string[] {
  const folder = dirname(settingsFile);
  return readdirSync(folder)
    .filter((name) => settingsFileProblem(name, 'x') === undefined && lstatSync(join(folder, name)).isFile())
    .toSorted();
}
