/** What `gatehouse config check` says of settings, wherever they come from: those of the file, or what somebody wants in their place. */
import { ConfigError, parseConfig, unreachablePaths, type Config } from '../config.ts';
import { languageNotes } from '../phones/languages.ts';
import { leftBehind } from './left-behind.ts';

/** What is wrong with the site's templates, a sentence each: judged by the part that fills them in. */
export type TemplateCheck = (directory: string) => readonly string[];

export interface Judgement {
  readonly problems: readonly string[];
  /** What is right and may still surprise. */
  readonly notes: readonly string[];
}

/** Looks at the disk too, as this process' user. */
export function judgeConfig(config: Config, templates: TemplateCheck): Judgement {
  const phones = leftBehind(config);
  return {
    problems: [
      ...unreachablePaths(config),
      ...templates(config.provisioning.templates_directory),
      ...phones.problems,
    ],
    notes: [...languageNotes(config.site.language).map(({ text }) => text), ...phones.notes],
  };
}

/** Of a text that stands in no file yet. */
export function judgeSettings(toml: string, templates: TemplateCheck): Judgement {
  try {
    return judgeConfig(parseConfig(toml), templates);
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, notes: [] };
    throw error;
  }
}
