/** The templates in use: what is shipped, the site's over it, looked at again while the box runs. */
import type { World } from '../world.ts';
import type { Store } from '../store/store.ts';
import type { Make } from './identify.ts';
import { templateError } from './template-judge.ts';
import { readSiteTemplates, templatesState, type TemplateProblem } from './site-templates.ts';
import { readVendorFiles, type VendorProvisioning } from './vendor-files.ts';

export interface Templates {
  get(make: Make): VendorProvisioning | undefined;
  /** Those that are not used as they stand, and why. */
  problems(): readonly TemplateProblem[];
  /** A template that was good for the samples and is not for this phone. */
  refuse(make: Make, name: string, error: unknown): void;
  /** Runs until the signal; never rejects. */
  watch(signal: AbortSignal): Promise<void>;
}

interface Needs {
  readonly world: World;
  readonly directory: string;
  readonly store: Pick<Store, 'write'>;
  /** Counted for each template and each time that it is refused. */
  readonly counters: { templates_refused: number };
}

const lookEveryMs = 10_000;

export function openTemplates({ world, directory, store, counters }: Needs): Templates {
  const shipped = readVendorFiles();
  let state = templatesState(shipped.keys(), directory);
  let current = readSiteTemplates(shipped, directory);
  const tell = (problems: readonly TemplateProblem[]) => {
    counters.templates_refused += problems.length;
    for (const { file, message } of problems) {
      world.log.warn({ file, reason: message }, 'template of the site not used');
      void store
        .write((tx) => tx.journal({ kind: 'template_refused', body: { file, reason: message } }))
        .catch((error: unknown) => {
          world.log.error({ error: String(error) }, 'refused template not recorded');
        });
    }
  };
  tell(current.problems);
  const look = () => {
    const now = templatesState(shipped.keys(), directory);
    if (now === state) return;
    state = now;
    current = readSiteTemplates(shipped, directory, current.vendors);
    tell(current.problems);
    world.log.info({ directory }, 'templates of the site read again');
  };
  return {
    get: (make) => current.vendors.get(make),
    problems: () => current.problems,
    refuse: (make, name, error) =>
      tell([{ file: `${directory}/${make}/${name}`, message: templateError(error) }]),
    watch: async (signal) => {
      while (!signal.aborted) {
        await world.clock.sleep(lookEveryMs, signal).catch(() => undefined);
        try {
          if (!signal.aborted) look();
        } catch (error) {
          world.log.error({ error: String(error) }, 'templates of the site could not be looked at');
        }
      }
    },
  };
}
