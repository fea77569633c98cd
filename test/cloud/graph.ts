/** Microsoft Graph v1.0 as far as the sign-in preflight reads it: numbers and users' Teams configuration (facts/cloud.md 1.3). */
import { graphAudience } from './identity.ts';
import { refusal, startJsonService } from './json-service.ts';
import type {
  CheckToken,
  JsonAnswer,
  JsonRequest,
  JsonService,
  Route,
  ServiceOptions,
} from './json-service.ts';

export interface NumberAssignment {
  readonly id: string;
  readonly telephoneNumber: string;
  readonly numberType: 'directRouting' | 'callingPlan' | 'operatorConnect';
  readonly assignmentTargetId?: string;
  readonly assignmentStatus:
    | 'unassigned'
    | 'userAssigned'
    | 'voiceApplicationAssigned'
    | 'conferenceAssigned';
  readonly locationId?: string;
  readonly civicAddressId?: string;
  readonly isoCountryCode?: string;
}

export interface UserConfiguration {
  readonly id: string;
  readonly userPrincipalName: string;
  readonly accountType: string;
  readonly isEnterpriseVoiceEnabled: boolean;
  readonly telephoneNumbers: readonly {
    readonly telephoneNumber: string;
    readonly assignmentCategory: string;
  }[];
  readonly effectivePolicyAssignments: readonly {
    readonly policyType: string;
    readonly policyAssignment: {
      readonly assignmentType: string;
      readonly displayName: string;
      readonly policyId: string;
      readonly groupId: string | null;
    };
  }[];
}

export interface GraphOptions extends ServiceOptions {
  readonly checkToken: CheckToken;
  readonly numbers: readonly NumberAssignment[];
  readonly users: readonly UserConfiguration[];
  readonly pageSize?: number;
}

const numbersPath = '/v1.0/admin/teams/telephoneNumberManagement/numberAssignments';
const usersPath = '/v1.0/admin/teams/userConfigurations';
const readNumbers = 'TeamsTelephoneNumber.Read.All';
const readUsers = 'TeamsUserConfiguration.Read.All';

export async function startGraphCloud(options: GraphOptions): Promise<JsonService> {
  const pageSize = options.pageSize ?? 100;
  const routes: Route[] = [
    ...collection(numbersPath, options.numbers, { permission: readNumbers, pageSize }),
    ...collection(usersPath, options.users, { permission: readUsers, pageSize }),
  ];
  return await startJsonService(options, routes, { audience: graphAudience, checkToken: options.checkToken });
}

function collection(
  path: string,
  rows: readonly { readonly id: string }[],
  { permission, pageSize }: { permission: string; pageSize: number },
): Route[] {
  const allowed = (answer: (request: JsonRequest) => JsonAnswer) => (request: JsonRequest) =>
    request.caller.roles.includes(permission)
      ? answer(request)
      : refusal(403, 'Forbidden', `Missing permission ${permission}.`);
  return [
    { method: 'GET', path, answer: allowed((request) => page(request, rows, { path, pageSize })) },
    {
      method: 'GET',
      path: `${path}/{id}`,
      answer: allowed(({ parameters, origin }) => {
        const row = rows.find(({ id }) => id === parameters['id']);
        if (row === undefined) return refusal(404, 'NotFound', `No resource with id '${parameters['id']}'.`);
        return { status: 200, body: { '@odata.context': `${origin}/v1.0/$metadata#admin/teams`, ...row } };
      }),
    },
  ];
}

/** `$top`, `$skipToken` and `@odata.nextLink`; what is documented besides is not needed here and refused, not ignored. */
function page(
  { query, origin }: JsonRequest,
  rows: readonly unknown[],
  { path, pageSize }: { path: string; pageSize: number },
): JsonAnswer {
  const unknown = [...query.keys()].find((name) => !['$top', '$skipToken'].includes(name));
  if (unknown !== undefined)
    return refusal(400, 'BadRequest', `The query option '${unknown}' is not supported here.`);
  const top = Number(query.get('$top') ?? pageSize);
  const skip = Number(query.get('$skipToken') ?? 0);
  if (!Number.isInteger(top) || top < 1 || !Number.isInteger(skip) || skip < 0) {
    return refusal(400, 'BadRequest', 'Invalid $top or $skipToken.');
  }
  const end = skip + Math.min(top, pageSize);
  const next =
    end < rows.length ? { '@odata.nextLink': `${origin}${path}?$top=${top}&$skipToken=${end}` } : {};
  return {
    status: 200,
    body: { '@odata.context': `${origin}/v1.0/$metadata#admin/teams`, ...next, value: rows.slice(skip, end) },
  };
}
