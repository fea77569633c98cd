/**
 * What root can be asked to do to the box, by kind. The page asks by a row (`store/box-orders.ts`), a command directly. A new kind is a
 * row in this table, and a file beside it.
 */
import type { Config } from '../config.ts';
import type { OrderArguments } from '../store/box-orders.ts';
import type { Clock, Logger } from '../world.ts';
import { askBox, importNumbers, moveAdoption } from './ask.ts';
import type { TemplateCheck } from './judge-settings.ts';
import { applyNetwork, confirmNetwork } from './network.ts';
import { restoreBox, takeBoxBackup } from './backup.ts';
import { changeSettings, checkSettings } from './change-settings.ts';
import { dataOrder } from './data.ts';
import { offerRelease, putRelease } from './page-release.ts';
import { putSettingsFile } from './put-file.ts';
import { checkTemplate, putTemplate, removeTemplate } from './put-template.ts';
import { resetBox } from './reset.ts';
import { writeSettings } from './settings.ts';
import { allowOlder, applyUpdate, lookForUpdate } from './update.ts';

/** What a handler is given besides the order's arguments. */
export interface Box {
  readonly config: Config;
  readonly configFile: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** How far it is, for whoever gave the order; committed when it resolves. */
  readonly tell: (words: string) => Promise<void>;
  /** Aborted when the process is asked to stop: take back what is half done, or leave it so that it can be gone on with. */
  readonly signal: AbortSignal;
  /** Loads who judges templates of the site; left out: nobody does. */
  readonly templates?: () => Promise<TemplateCheck>;
}

export interface OrderEnd {
  /** `refused`: nothing was changed. `failed`: look what was. */
  readonly state: 'done' | 'refused' | 'failed';
  /** For whoever gave the order. */
  readonly words: string;
  /** Lines that he asked for; in no journal. */
  readonly answer?: string;
}

/**
 * Checks the arguments itself: whoever could write the page's file could write anything there. Each kind has one order at a time,
 * and different kinds go on at once. What it throws is the order's failure.
 */
export type OrderHandler = (words: OrderArguments, box: Box) => Promise<OrderEnd>;

export type OrderHandlers = Readonly<Record<string, OrderHandler>>;

export const orderHandlers: OrderHandlers = {
  'adopt.move': moveAdoption,
  'box.ask': askBox,
  'numbers.import': importNumbers,
  'network.apply': applyNetwork,
  'network.confirm': confirmNetwork,
  'backup.take': takeBoxBackup,
  'data.anew': dataOrder('anew'),
  'data.repair': dataOrder('repair'),
  'reset.factory': resetBox,
  'restore.put': restoreBox,
  'settings.change': changeSettings,
  'settings.check': checkSettings,
  'settings.file': putSettingsFile,
  'settings.write': writeSettings,
  'template.check': checkTemplate,
  'template.put': putTemplate,
  'template.remove': removeTemplate,
  'update.allow-older': allowOlder,
  'update.apply': applyUpdate,
  'update.look': lookForUpdate,
  'update.offer': offerRelease(),
  'update.put': putRelease(),
};
