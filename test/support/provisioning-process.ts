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
}

const settings = JSON.parse(process.argv[2] ?? '') as Settings;
const { directory, caFile, httpPort, httpsPort, toml = '' } = settings;
const part = await startProvisioning(
  quietWorld(),
  siteConfig({ directory, caFile, httpPort, httpsPort, toml }),
  {
    lookup: loopbackLookup,
    httpPort: settings.cloudHttpPort,
    httpsPort: settings.cloudHttpsPort,
  },
);
process.send?.({ httpPort: part.httpPort, httpsPort: part.httpsPort });
