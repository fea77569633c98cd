/**
 * The stand-in cloud as one process: `node test/cloud/main.ts SETTINGS.json`. Reports on standard output, takes orders on
 * standard input, one JSON value a line each.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { startProvisioningCloud, type CloudAccount, type CloudRequest } from './provisioning.ts';

export interface CloudSettings {
  readonly provisioning: {
    readonly address: string;
    readonly tls: { readonly key: string; readonly cert: string };
    readonly region: 'noam' | 'emea' | 'apac';
    readonly tenantDomain: string;
  };
}

export type CloudOrder =
  | { readonly order: 'sign-in'; readonly mac: string; readonly user: string }
  | { readonly order: 'report'; readonly token: string };

export interface ProvisioningReport {
  readonly requests: readonly CloudRequest[];
  readonly accounts: readonly CloudAccount[];
  readonly violations: readonly string[];
}

export type CloudEvent =
  | { readonly event: 'ready' }
  | { readonly event: 'account'; readonly account: CloudAccount }
  | { readonly event: 'report'; readonly token: string; readonly provisioning: ProvisioningReport };

async function runCloud(settings: CloudSettings, say: (event: CloudEvent) => void): Promise<void> {
  await using provisioning = await startProvisioningCloud({
    ...settings.provisioning,
    httpPort: 80,
    httpsPort: 443,
    onAccount: (account) => say({ event: 'account', account }),
  });
  say({ event: 'ready' });
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as CloudOrder;
    switch (order.order) {
      case 'sign-in':
        provisioning.signIn(order.mac, order.user);
        break;
      case 'report': {
        const { requests, accounts, violations } = provisioning;
        say({ event: 'report', token: order.token, provisioning: { requests, accounts, violations } });
        break;
      }
    }
  }
}

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: node test/cloud/main.ts SETTINGS.json');
await runCloud(JSON.parse(readFileSync(file, 'utf8')) as CloudSettings, (event) =>
  console.log(JSON.stringify(event)),
);
