/** Identity, Graph and Teams configuration of the stand-in cloud together, with applications that know their secrets. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { newCloudAuthority } from '../cloud/certificates.ts';
import { startGraphCloud } from '../cloud/graph.ts';
import { graphAudience, startIdentityCloud, teamsAudience, type IdentityCloud } from '../cloud/identity.ts';
import type { JsonService } from '../cloud/json-service.ts';
import { startTeamsConfigCloud, teamsAdministrator, type TeamsConfigCloud } from '../cloud/teams-config.ts';
import { callJson, type JsonCall, type JsonReply } from './json-client.ts';

export const tenantId = '6f0d7a3c-2f4e-4c1b-9a57-0d5e5f7a1b2c';
export const secret = 'canary-client-secret';
export const locationId = 'b1e5c6a2-8a1d-4b7e-9f00-1f2e3d4c5b6a';
export const certificate = generateKeyPairSync('rsa', { modulusLength: 2048 });

export interface StandIn extends AsyncDisposable {
  readonly ca: string;
  readonly identity: IdentityCloud;
  readonly graph: JsonService;
  readonly teams: TeamsConfigCloud;
  readonly tokenRequest: (form: Record<string, string>) => Promise<JsonReply>;
  readonly tokenFor: (audience: string, clientId?: string) => Promise<string>;
  /** With a token of the application `box`, unless another is given. */
  readonly ask: (service: JsonService, target: string, call?: JsonCall) => Promise<JsonReply>;
}

export async function openStandIn(): Promise<StandIn> {
  const authority = await newCloudAuthority();
  const at = { address: '127.0.0.1', port: 0, tls: await authority.certificateFor(['127.0.0.1']) };
  const identity = await startIdentityCloud({
    ...at,
    tenantId,
    applications: [
      {
        clientId: 'box',
        secret,
        roles: [teamsAdministrator, 'TeamsTelephoneNumber.Read.All', 'TeamsUserConfiguration.Read.All'],
      },
      { clientId: 'weak', secret, roles: [] },
      {
        clientId: 'sealed',
        publicKey: certificate.publicKey.export({ format: 'jwk' }),
        roles: [teamsAdministrator],
      },
    ],
  });
  const { checkToken } = identity;
  const graph = await startGraphCloud({
    ...at,
    checkToken,
    pageSize: 2,
    numbers: ['+4930111', '+4930222', '+4930333'].map((telephoneNumber) => ({
      id: telephoneNumber.slice(1),
      telephoneNumber,
      numberType: 'directRouting',
      assignmentStatus: 'userAssigned',
      assignmentTargetId: randomUUID(),
      locationId,
    })),
    users: [
      {
        id: 'u1',
        userPrincipalName: 'lobby@contoso.example',
        accountType: 'resourceAccount',
        isEnterpriseVoiceEnabled: true,
        telephoneNumbers: [{ telephoneNumber: '+4930111', assignmentCategory: 'primary' }],
        effectivePolicyAssignments: [
          {
            policyType: 'TeamsIPPhonePolicy',
            policyAssignment: { assignmentType: 'direct', displayName: 'CAP', policyId: 'p1', groupId: null },
          },
        ],
      },
    ],
  });
  const teams = await startTeamsConfigCloud({
    ...at,
    checkToken,
    judge: ({ username, hardwareId }) =>
      username === ''
        ? 'User not found'
        : /^([0-9A-F]{2}-){5}[0-9A-F]{2}$/i.test(hardwareId)
          ? undefined
          : 'Wrong hardware ID format',
  });
  const { ca } = authority;
  const tokenRequest: StandIn['tokenRequest'] = async (form) =>
    await callJson(identity.tokenEndpoint, ca, { method: 'POST', body: new URLSearchParams(form) });
  const tokenFor: StandIn['tokenFor'] = async (audience, clientId = 'box') => {
    const scope = `${audience}/.default`;
    const { body } = await tokenRequest({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secret,
      scope,
    });
    return (body as { access_token: string }).access_token;
  };
  return {
    ca,
    identity,
    graph,
    teams,
    tokenRequest,
    tokenFor,
    ask: async (service, target, call = {}) => {
      const token = await tokenFor(service === graph ? graphAudience : teamsAudience);
      return await callJson(`${service.url}${target}`, ca, { token, ...call });
    },
    [Symbol.asyncDispose]: async () => {
      for (const service of [graph, teams, identity]) await service[Symbol.asyncDispose]();
    },
  };
}
