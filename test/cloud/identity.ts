/**
 * The identity platform: a real OpenID provider whose URLs are laid out like Entra's (facts/cloud.md 4.4). Issues
 * client-credentials tokens for Graph and the Teams configuration API, by secret or by signed assertion; knows device codes.
 */
import { createPublicKey, generateKeyPairSync, randomUUID, verify, type JsonWebKey } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { memoryAdapter } from './identity-adapter.ts';
import type { Caller, CheckToken, ServiceOptions } from './json-service.ts';

/** "Skype and Teams Tenant Admin API": what tokens for the Teams configuration API are for. */
export const teamsAudience = '48ac35b8-9aa8-4d74-927d-1f4a14a0b239';
export const graphAudience = 'https://graph.microsoft.com';

export interface CloudApplication {
  readonly clientId: string;
  readonly secret?: string;
  /** Public key of its certificate, for `private_key_jwt` with PS256. */
  readonly publicKey?: JsonWebKey;
  /** Application permissions and directory roles that an admin has consented to. */
  readonly roles: readonly string[];
}

export interface IdentityCloud extends AsyncDisposable {
  readonly port: number;
  readonly issuer: string;
  readonly tokenEndpoint: string;
  /** For the other services: who bears this token, if it is good for that audience now. */
  readonly checkToken: CheckToken;
}

export interface IdentityOptions extends ServiceOptions {
  /** Host name that clients use; the address when left out. */
  readonly host?: string;
  readonly tenantId: string;
  readonly applications: readonly CloudApplication[];
  readonly tokenSeconds?: number;
}

const routes = {
  token: '/oauth2/v2.0/token',
  device_authorization: '/oauth2/v2.0/devicecode',
  authorization: '/oauth2/v2.0/authorize',
  jwks: '/discovery/v2.0/keys',
  code_verification: '/devicelogin',
};

export async function startIdentityCloud(options: IdentityOptions): Promise<IdentityCloud> {
  const server = createServer({ ...options.tls, minVersion: 'TLSv1.2' });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const origin = `https://${options.host ?? options.address}${port === 443 ? '' : `:${port}`}/${options.tenantId}`;
  const issuer = `${origin}/v2.0`;
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signingKey = {
    ...keys.privateKey.export({ format: 'jwk' }),
    kid: randomUUID(),
    use: 'sig',
    alg: 'RS256',
  };
  const handle = newProvider(issuer, signingKey, options).callback();
  server.on('request', (request, response) => {
    // The provider knows neither the tenant nor that Entra's discovery lies below the version.
    const target = (request.url ?? '/').replace(`/${options.tenantId}`, '');
    const isDiscovery = target.startsWith('/v2.0/.well-known/');
    request.url = isDiscovery ? target.slice('/v2.0'.length) : target;
    Object.assign(request, { originalUrl: `/${options.tenantId}${request.url}` });
    void handle(request, response);
  });
  return {
    port,
    issuer,
    tokenEndpoint: `${origin}${routes.token}`,
    checkToken: async (token, audience) =>
      await Promise.resolve(
        callerOf(token, { audience, issuer, key: keys.publicKey.export({ format: 'jwk' }) }),
      ),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function newProvider(issuer: string, signingKey: JsonWebKey, options: IdentityOptions): Provider {
  const seconds = options.tokenSeconds ?? 3600;
  const rolesOf = (clientId: string | undefined) =>
    options.applications.find((application) => application.clientId === clientId)?.roles ?? [];
  return new Provider(issuer, {
    adapter: memoryAdapter(),
    clients: options.applications.map(client),
    jwks: { keys: [signingKey] },
    cookies: { keys: [randomUUID()] },
    routes,
    ttl: { ClientCredentials: seconds, AccessToken: seconds, DeviceCode: 900 },
    enabledJWA: { clientAuthSigningAlgValues: ['RS256', 'PS256'] },
    extraTokenClaims: (_context, token) => ({ tid: options.tenantId, roles: rolesOf(token.clientId) }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true, charset: 'base-20', mask: '****-****' },
      resourceIndicators: {
        enabled: true,
        // Entra takes the audience from the scope: `https://graph.microsoft.com/.default`.
        defaultResource: (context) => resourceOf(context.oidc.params?.['scope']),
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => ({
          scope: `${resource.replace(/^api:\/\//, '')}/.default`,
          audience: resource.replace(/^api:\/\//, ''),
          accessTokenFormat: 'jwt',
          accessTokenTTL: seconds,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
}

/** The provider wants a URI where Entra takes an application's GUID too. */
function resourceOf(scope: unknown): string {
  const resource = (typeof scope === 'string' ? scope : '').replace(/\/\.default$/, '');
  return /^https?:/.test(resource) ? resource : `api://${resource}`;
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

function client({ clientId, secret, publicKey }: CloudApplication): Record<string, unknown> {
  const how =
    publicKey === undefined
      ? { client_secret: secret, token_endpoint_auth_method: 'client_secret_post' }
      : {
          token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_signing_alg: 'PS256',
          jwks: { keys: [{ ...publicKey, use: 'sig', alg: 'PS256' }] },
        };
  return {
    client_id: clientId,
    grant_types: ['client_credentials', deviceGrant],
    redirect_uris: [],
    response_types: [],
    ...how,
  };
}

interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly exp: number;
  readonly client_id: string;
  readonly roles: readonly string[];
}

/** Signature, issuer, audience and time. */
function callerOf(
  token: string,
  { audience, issuer, key }: { audience: string; issuer: string; key: JsonWebKey },
): Caller | undefined {
  const [head, body, signature] = token.split('.');
  if (head === undefined || body === undefined || signature === undefined) return undefined;
  const publicKey = createPublicKey({ key, format: 'jwk' });
  const isSigned = verify(
    'sha256',
    Buffer.from(`${head}.${body}`),
    publicKey,
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) return undefined;
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Claims;
  if (claims.iss !== issuer || claims.aud !== audience || claims.exp * 1000 <= Date.now()) return undefined;
  return { clientId: claims.client_id, roles: claims.roles };
}
