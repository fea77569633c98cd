/** The customer's tenant in the stand-in cloud: OpenID provider, Graph and Teams configuration, each at an address of its own. */
import { startGraphCloud } from './graph.ts';
import { startIdentityCloud } from './identity.ts';
import { startTeamsConfigCloud, teamsAdministrator } from './teams-config.ts';

export interface TenantSettings {
  readonly tls: { readonly key: string; readonly cert: string };
  readonly tenantId: string;
  readonly application: { readonly clientId: string; readonly secret: string };
  readonly identity: { readonly address: string; readonly host: string };
  readonly graphAddress: string;
  readonly teamsAddress: string;
  /** Telephone numbers that the tenant has given to accounts. */
  readonly numbers: readonly string[];
}

/** Every account named signs in. */
const judge = ({ username }: { username: string }) =>
  username === '' ? 'User not found in tenant.' : undefined;

export async function startTenantCloud(settings: TenantSettings): Promise<AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const at = { port: 443, tls: settings.tls };
  const roles = [teamsAdministrator, 'TeamsTelephoneNumber.Read.All', 'TeamsUserConfiguration.Read.All'];
  const { tenantId, application, identity } = settings;
  const { checkToken } = started.use(
    await startIdentityCloud({ ...at, ...identity, tenantId, applications: [{ ...application, roles }] }),
  );
  const numbers = settings.numbers.map((telephoneNumber) => ({
    id: telephoneNumber.slice(1),
    telephoneNumber,
    numberType: 'directRouting' as const,
    assignmentStatus: 'userAssigned' as const,
  }));
  started.use(
    await startGraphCloud({ ...at, address: settings.graphAddress, checkToken, numbers, users: [] }),
  );
  started.use(await startTeamsConfigCloud({ ...at, address: settings.teamsAddress, checkToken, judge }));
  return started.move();
}
