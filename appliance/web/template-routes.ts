/** Templates of the site's own on the page: listed and read here, judged and written by root. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  mostTemplateBytes,
  ownTemplates,
  templateNameProblem,
  templateTextProblem,
} from '../config/template-file.ts';
import { Type } from '../schema.ts';
import { order, OrderGiven } from './order-routes.ts';
import { failure, ok, type Answer, type Asked, type Route, type Sources } from './routes.ts';

const strict = { additionalProperties: false } as const;
const shippedFolder = join(import.meta.dirname, '../../firmware-templates');

const which = { vendor: Type.String({ maxLength: 20 }), name: Type.String({ maxLength: 63 }) };
const whole = Type.Object({ ...which, text: Type.String({ maxLength: mostTemplateBytes }) }, strict);
/** A text as JSON takes up to six times its bytes; few of a template need it. */
const bodyLimit = 3 * mostTemplateBytes;

export const templateRoutes: readonly Route[] = [
  {
    url: '/api/templates',
    isFor: 'admin',
    summary: "What templates there may be: those that come with the box, and the site's own.",
    answer: Type.Object({
      templates: Type.Array(
        Type.Object({
          ...which,
          isOwn: Type.Boolean({ description: 'The site has one of this name.' }),
          isShipped: Type.Boolean({
            description: "The site's takes the place of one that comes with the box.",
          }),
        }),
      ),
    }),
    answerTo: (_asked, { config }) => ok({ templates: templatesOf(config.provisioning.templates_directory) }),
  },
  {
    url: '/api/templates/:vendor/:name',
    isFor: 'admin',
    summary: "The site's template, or the one that comes with the box while the site has none.",
    params: Type.Object(which),
    answer: Type.Object({ text: Type.String(), isOwn: Type.Boolean() }),
    answerTo: templateAnswer,
  },
  {
    url: '/api/templates/check',
    method: 'post',
    isFor: 'admin',
    summary: 'Says what is wrong with a template, and changes nothing.',
    body: whole,
    bodyLimit,
    answer: OrderGiven,
    answerTo: async (asked, sources) => await ordered('template.check', asked, sources),
  },
  {
    url: '/api/templates',
    method: 'post',
    isFor: 'admin',
    summary: 'Puts a template of the site in, in the place of the one before, if nothing is wrong with it.',
    body: whole,
    bodyLimit,
    answer: OrderGiven,
    answerTo: async (asked, sources) => await ordered('template.put', asked, sources),
  },
  {
    url: '/api/templates/remove',
    method: 'post',
    isFor: 'admin',
    summary: 'Takes a template of the site out.',
    body: Type.Object(which, strict),
    answer: OrderGiven,
    answerTo: async (asked, sources) => {
      const { vendor, name } = asked.body as { vendor: string; name: string };
      const problem = templateNameProblem(vendor, name);
      if (problem !== undefined) return failure(400, 'no_template', problem);
      return await order(asked, sources, { kind: 'template.remove', words: { vendor, name } });
    },
  },
];

async function ordered(kind: string, asked: Asked, sources: Sources): Promise<Answer> {
  const { vendor, name, text } = asked.body as { vendor: string; name: string; text: string };
  const problem = templateNameProblem(vendor, name) ?? templateTextProblem(text);
  if (problem !== undefined) return failure(400, 'no_template', problem);
  const secret = await sources.admin.keepForRoot(text);
  return await order(asked, sources, { kind, words: { vendor, name, secret } });
}

function templatesOf(directory: string) {
  return Object.entries(ownTemplates).flatMap(([vendor, last]) => {
    const shipped = templatesIn(join(shippedFolder, vendor));
    const own = templatesIn(join(directory, vendor));
    return [...new Set([last, ...shipped, ...own])].map((name) => ({
      vendor,
      name,
      isOwn: own.includes(name),
      isShipped: shipped.includes(name),
    }));
  });
}

/** What points phones to firmware is no site's business. */
const notForSites = /^firmware\./;

function templatesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !notForSites.test(name))
    .filter(
      (name) => templateNameProblem('yealink', name) === undefined && lstatSync(join(folder, name)).isFile(),
    )
    .toSorted();
}

function templateAnswer({ params }: Asked, { config }: Sources): Answer {
  const { vendor = '', name = '' } = params;
  const problem = templateNameProblem(vendor, name);
  if (problem !== undefined) return failure(404, 'no_template', problem);
  const [own, shipped] = [config.provisioning.templates_directory, shippedFolder].map((folder) =>
    textOf(join(folder, vendor, name)),
  );
  return ok({ text: own ?? shipped ?? '', isOwn: own !== undefined });
}

/** Undefined: there is no such file. */
function textOf(file: string): string | undefined {
  const status = lstatSync(file, { throwIfNoEntry: false });
  if (status?.isFile() !== true || status.size > mostTemplateBytes) return undefined;
  return readFileSync(file, 'utf8');
}
