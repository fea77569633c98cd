/** The provisioning part in a process of its own, for tests that kill it. Settings are JSON in the first argument. */
import { startProvisioning } from '../../appliance/provisioning/server.ts';
import { loopbackLookup, quietWorld, siteConfig } from './provisioning-site.ts';

interface Settings {
  readonly directory: string;
  readonly caFile: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly cloudHttpPort: number;
  readonly cloudHttpsPort: number;
  /** More lines of the table `[provisioning]`. */
  readonly toml?: string;
  readonly upstreamTimeoutSeconds?: number;
}

const settings = JSON.parse(process.argv[2] ?? '') as Settings;
const { cloudHttpPort, cloudHttpsPort, ...site } = settings;
const part = await startProvisioning(quietWorld(), siteConfig(site), {
  lookup: loopbackLookup,
  httpPort: cloudHttpPort,
  httpsPort: cloudHttpsPort,
});
process.send?.({ httpPort: part.httpPort, httpsPort: part.httpsPort });
