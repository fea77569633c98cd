/**
 * The stand-in cloud as one process: `node test/cloud/main.ts SETTINGS.json`. Reports on standard output, takes orders on
 * standard input, one JSON value a line each.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  startJournalCloud,
  type JournalCloud,
  type JournalFailure,
  type JournalRowTaken,
} from './journal.ts';
import {
  startProvisioningCloud,
  type CloudAccount,
  type CloudRequest,
  type ProvisioningCloud,
} from './provisioning.ts';
import { startTenantCloud, type TenantSettings } from './tenant.ts';

export interface CloudSettings {
  readonly provisioning: {
    readonly address: string;
    readonly tls: { readonly key: string; readonly cert: string };
    readonly region: 'noam' | 'emea' | 'apac';
    readonly tenantDomain: string;
  };
  readonly journal: {
    readonly address: string;
    readonly tls: { readonly key: string; readonly cert: string };
    readonly file: string;
    /** Site's name to its bearer token. */
    readonly tokens: Readonly<Record<string, string>>;
  };
  readonly tenant: TenantSettings;
}

export type CloudOrder =
  | { readonly order: 'sign-in'; readonly mac: string; readonly user: string }
  | { readonly order: 'fail-journal'; readonly failures: readonly JournalFailure[] }
  /** From `hold` to `release` answers with a new account, minted at once, don't leave. */
  | { readonly order: 'hold' }
  | { readonly order: 'release' }
  | { readonly order: 'report'; readonly token: string };

export interface ProvisioningReport {
  readonly requests: readonly CloudRequest[];
  readonly accounts: readonly CloudAccount[];
  readonly violations: readonly string[];
}

export interface JournalReport {
  readonly rows: readonly JournalRowTaken[];
  readonly gaps: readonly { part: string; journal: string; from: number; to: number }[];
  /** Rows that came more than once and were recognised. */
  readonly repeats: number;
  readonly requests: readonly {
    readonly at: number;
    readonly key: string;
    readonly status: number | string;
  }[];
}

export interface CloudReport {
  readonly event: 'report';
  readonly token: string;
  readonly provisioning: ProvisioningReport;
  readonly journal: JournalReport;
}

export type CloudEvent =
  | { readonly event: 'ready' }
  | { readonly event: 'account'; readonly account: CloudAccount }
  | CloudReport;

async function runCloud(settings: CloudSettings, say: (event: CloudEvent) => void): Promise<void> {
  await using provisioning = await startProvisioningCloud({
    ...settings.provisioning,
    httpPort: 80,
    httpsPort: 443,
    onAccount: (account) => say({ event: 'account', account }),
  });
  await using journal = await startJournalCloud({ ...settings.journal, port: 443 });
  await using _tenant = await startTenantCloud(settings.tenant);
  say({ event: 'ready' });
  let release: (() => void) | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as CloudOrder;
    switch (order.order) {
      case 'sign-in':
        provisioning.signIn(order.mac, order.user);
        break;
      case 'fail-journal':
        journal.failNext(...order.failures);
        break;
      case 'hold':
        release = provisioning.hold();
        break;
      case 'release':
        release?.();
        break;
      case 'report':
        say(report(order.token, provisioning, journal));
        break;
    }
  }
}

function report(token: string, provisioning: ProvisioningCloud, journal: JournalCloud): CloudReport {
  const { requests, accounts, violations } = provisioning;
  return {
    event: 'report',
    token,
    provisioning: { requests, accounts, violations },
    journal: {
      rows: journal.rows(),
      gaps: journal.gaps(),
      repeats: journal.repeats(),
      requests: journal.requests,
    },
  };
}

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: node test/cloud/main.ts SETTINGS.json');
await runCloud(JSON.parse(readFileSync(file, 'utf8')) as CloudSettings, (event) =>
  console.log(JSON.stringify(event)),
);
