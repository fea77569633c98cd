/** The stand-in's identity platform and Graph, each driven as its documentation says. */
import { constants, createSign, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphAudience, teamsAudience } from '../../cloud/identity.ts';
import { callJson } from '../../support/json-client.ts';
import {
  certificate,
  locationId,
  openStandIn,
  secret,
  tenantId,
  type StandIn,
} from '../../support/stand-in-cloud.ts';

let standIn: StandIn;

beforeAll(async () => {
  standIn = await openStandIn();
});

afterAll(async () => {
  await standIn[Symbol.asyncDispose]();
});

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('identity', () => {
  it("discovery, keys and endpoints lie where Entra's do", async () => {
    const { status, body } = await callJson(
      `${standIn.identity.issuer}/.well-known/openid-configuration`,
      standIn.ca,
    );
    expect(status).toBe(200);
    const base = standIn.identity.issuer.replace('/v2.0', '');
    expect(body).toMatchObject({
      issuer: standIn.identity.issuer,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
    });
    const { body: keys } = await callJson(`${base}/discovery/v2.0/keys`, standIn.ca);
    expect(keys).toMatchObject({ keys: [{ kty: 'RSA', alg: 'RS256' }] });
  });

  it.each([graphAudience, teamsAudience])(
    'a client with its secret gets a token for %s',
    async (audience) => {
      const token = await standIn.tokenFor(audience);
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
      expect(claims).toMatchObject({
        aud: audience,
        iss: standIn.identity.issuer,
        tid: tenantId,
        client_id: 'box',
      });
      expect(await standIn.identity.checkToken(token, audience)).toMatchObject({ clientId: 'box' });
      expect(await standIn.identity.checkToken(token, 'https://other.example')).toBeUndefined();
      expect(await standIn.identity.checkToken(`${token.slice(0, -6)}AAAAAA`, audience)).toBeUndefined();
    },
  );

  it('a wrong secret and an unknown client are invalid_client', async () => {
    const form = {
      grant_type: 'client_credentials',
      client_secret: 'wrong',
      scope: `${graphAudience}/.default`,
    };
    for (const clientId of ['box', 'nobody']) {
      expect(await standIn.tokenRequest({ ...form, client_id: clientId })).toMatchObject({
        status: 401,
        body: { error: 'invalid_client' },
      });
    }
  });

  it('a certificate signs in with a PS256 assertion, once', async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      aud: standIn.identity.tokenEndpoint,
      iss: 'sealed',
      sub: 'sealed',
      jti: randomUUID(),
      nbf: now,
      iat: now,
      exp: now + 300,
    };
    const unsigned = `${part({ alg: 'PS256', typ: 'JWT' })}.${part(claims)}`;
    const signature = createSign('sha256')
      .update(unsigned)
      .sign(
        { key: certificate.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
        'base64url',
      );
    const form = {
      grant_type: 'client_credentials',
      client_id: 'sealed',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: `${unsigned}.${signature}`,
      scope: `${teamsAudience}/.default`,
    };
    expect(await standIn.tokenRequest(form)).toMatchObject({ status: 200 });
    expect(await standIn.tokenRequest(form)).toMatchObject({ status: 401 });
  });

  it('a device code has what the documentation names, and stays pending until somebody signs in', async () => {
    const base = standIn.identity.issuer.replace('/v2.0', '');
    const { status, body } = await callJson(`${base}/oauth2/v2.0/devicecode`, standIn.ca, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'box', client_secret: secret, scope: 'openid' }),
    });
    expect(status).toBe(200);
    const { device_code: deviceCode, user_code: userCode } = body as Record<string, string>;
    expect(userCode).toMatch(/^[B-Z]{4}-[B-Z]{4}$/);
    expect(body).toMatchObject({ expires_in: 900 });
    const poll = await standIn.tokenRequest({
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: 'box',
      client_secret: secret,
      device_code: deviceCode ?? '',
    });
    expect(poll).toMatchObject({ status: 400, body: { error: 'authorization_pending' } });
  });
});

describe('Graph', () => {
  const numbers = '/v1.0/admin/teams/telephoneNumberManagement/numberAssignments';

  it('numbers come page by page through @odata.nextLink', async () => {
    const first = await standIn.ask(standIn.graph, numbers);
    const { value, '@odata.nextLink': next } = first.body as { value: object[]; '@odata.nextLink': string };
    expect(value).toHaveLength(2);
    const second = await callJson(next, standIn.ca, { token: await standIn.tokenFor(graphAudience) });
    expect(second.body).toMatchObject({
      value: [{ telephoneNumber: '+4930333', locationId, assignmentStatus: 'userAssigned' }],
    });
    expect(second.body).not.toHaveProperty('@odata.nextLink');
  });

  it("a user's configuration names the effective policies, and one that is not there is 404", async () => {
    const { body } = await standIn.ask(standIn.graph, '/v1.0/admin/teams/userConfigurations/u1');
    expect(body).toMatchObject({
      isEnterpriseVoiceEnabled: true,
      effectivePolicyAssignments: [{ policyType: 'TeamsIPPhonePolicy' }],
    });
    expect(await standIn.ask(standIn.graph, '/v1.0/admin/teams/userConfigurations/u9')).toMatchObject({
      status: 404,
      body: { error: { code: 'NotFound' } },
    });
  });

  it('no token, a token for another API, and a missing permission are 401, 401 and 403', async () => {
    expect(await callJson(`${standIn.graph.url}${numbers}`, standIn.ca)).toMatchObject({ status: 401 });
    expect(
      await standIn.ask(standIn.graph, numbers, { token: await standIn.tokenFor(teamsAudience) }),
    ).toMatchObject({
      status: 401,
    });
    expect(
      await standIn.ask(standIn.graph, numbers, { token: await standIn.tokenFor(graphAudience, 'weak') }),
    ).toMatchObject({
      status: 403,
    });
  });

  it('throttling is 429 with Retry-After when told so', async () => {
    standIn.graph.failNext({ status: 429, headers: { 'retry-after': '3' } });
    expect(await standIn.ask(standIn.graph, numbers)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '3' },
    });
    expect(await standIn.ask(standIn.graph, numbers)).toMatchObject({ status: 200 });
  });
});
