/** `gatehouse config check|print|schema`: the settings judged, written out in full, and described. */
import { existsSync, statSync } from 'node:fs';
import { judgeConfig, type Judgement, type TemplateCheck } from '../box/judge-settings.ts';
import { ConfigError, defaultConfig, readConfig } from '../config.ts';
import { configJsonSchema, printConfig } from '../config/print.ts';
import type { CommandCall } from '../main.ts';

export async function configCommand(call: CommandCall, templates: TemplateCheck = () => []): Promise<number> {
  const [what = '', ...more] = call.rest;
  if (more.length === 0) {
    if (what === 'check') return checkConfig(call, templates);
    if (what === 'print') return printSettings(call);
    if (what === 'schema') {
      call.out(JSON.stringify(configJsonSchema(), undefined, 2));
      return 0;
    }
  }
  call.out('usage: gatehouse config check|print|schema [--config FILE] [--json]');
  return 2;
}

function printSettings({ configFile, json, out }: CommandCall): number {
  const config = isYetToBeWritten(configFile) ? defaultConfig() : readConfig(configFile);
  out(json ? JSON.stringify(config, undefined, 2) : printConfig(config));
  return 0;
}

/** `config print > gatehouse.toml` is how the file begins, and the shell makes it empty before we are asked. */
function isYetToBeWritten(file: string): boolean {
  return !existsSync(file) || statSync(file).size === 0;
}

function checkConfig({ configFile, json, out }: CommandCall, templates: TemplateCheck): number {
  const { problems, notes } = judged(configFile, templates);
  if (json) out(JSON.stringify({ file: configFile, ok: problems.length === 0, problems, notes }));
  else {
    for (const problem of problems) out(`${configFile}: ${problem}`);
    if (problems.length === 0) out(`${configFile}: good`);
    for (const note of notes) out(`note: ${note}`);
  }
  return problems.length === 0 ? 0 : 1;
}

function judged(file: string, templates: TemplateCheck): Judgement {
  try {
    return judgeConfig(readConfig(file), templates);
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, notes: [] };
    throw error;
  }
}
