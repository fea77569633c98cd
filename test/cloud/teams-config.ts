/** The Teams configuration API's host: discovery, and behind it location service and bulk sign-in (facts/cloud.md 2.1). */
import { newBulkSignIn, type BulkSignIn, type BulkSignInOptions } from './bulk-sign-in.ts';
import { teamsAudience } from './identity.ts';
import { refusal, startJsonService } from './json-service.ts';
import type { CheckToken, JsonService, Route, ServiceOptions } from './json-service.ts';
import { lisRoutes, newLis, type LisState } from './lis.ts';

export interface TeamsConfigOptions extends ServiceOptions, BulkSignInOptions {
  readonly checkToken: CheckToken;
}

export interface TeamsConfigCloud extends JsonService {
  readonly lis: LisState;
  readonly signIn: BulkSignIn;
}

/** The directory role without which an application gets 403. */
export const teamsAdministrator = 'Teams Administrator';

export async function startTeamsConfigCloud(options: TeamsConfigOptions): Promise<TeamsConfigCloud> {
  const lis = newLis();
  const bulk = newBulkSignIn(options);
  const discovery: Route = {
    method: 'GET',
    path: '/Teams.Tenant/serviceDiscovery',
    answer: ({ origin }) => {
      const host = new URL(origin).host;
      const endpoints = { ConfigApiEndpoint: host, AdminServiceEndpoint: `admin.${host}` };
      return { status: 200, body: { Endpoints: endpoints, Headers: { 'X-MS-Forest': 'stand-in' } } };
    },
  };
  const guarded = [...lisRoutes(lis), ...bulk.routes].map((route): Route => ({
    ...route,
    answer: (request) =>
      request.caller.roles.includes(teamsAdministrator)
        ? route.answer(request)
        : refusal(403, 'Forbidden', 'The service principal has no Teams administrator role.'),
  }));
  const service = await startJsonService(options, [discovery, ...guarded], {
    audience: teamsAudience,
    checkToken: options.checkToken,
  });
  return { ...service, lis, signIn: bulk.state };
}
