/** The little of npm oidc-provider that the stand-in cloud uses; it ships no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface Context {
    readonly oidc: { readonly params?: Readonly<Record<string, unknown>> };
  }
  interface Configuration {
    adapter: unknown;
    clients: readonly Record<string, unknown>[];
    jwks: { keys: readonly object[] };
    cookies: { keys: readonly string[] };
    routes: Readonly<Record<string, string>>;
    ttl: Readonly<Record<string, number>>;
    enabledJWA: Readonly<Record<string, readonly string[]>>;
    extraTokenClaims: (
      context: Context,
      token: { readonly clientId?: string },
    ) => Readonly<Record<string, unknown>>;
    features: {
      devInteractions: { enabled: boolean };
      clientCredentials: { enabled: boolean };
      deviceFlow: { enabled: boolean; charset: string; mask: string };
      resourceIndicators: {
        enabled: boolean;
        defaultResource: (context: Context) => string;
        useGrantedResource: () => boolean;
        getResourceServerInfo: (context: Context, resource: string) => Readonly<Record<string, unknown>>;
      };
    };
  }
  export class Provider {
    constructor(issuer: string, configuration: Configuration);
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  }
}
