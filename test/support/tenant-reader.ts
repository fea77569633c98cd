/** `node tenant-reader.ts CA.pem TENANT CLIENT SECRET`: reads a tenant's numbers as a program on site would; prints JSON. */
import { readFileSync } from 'node:fs';
import { callJson } from './json-client.ts';

const [caFile = '', tenantId = '', clientId = '', secret = ''] = process.argv.slice(2);
const ca = readFileSync(caFile, 'utf8');
const issuer = `https://login.microsoftonline.com/${tenantId}/v2.0`;

const { body: discovered } = await callJson(`${issuer}/.well-known/openid-configuration`, ca);
const { token_endpoint: endpoint } = discovered as { token_endpoint: string };
const form = {
  grant_type: 'client_credentials',
  client_id: clientId,
  client_secret: secret,
  scope: 'https://graph.microsoft.com/.default',
};
const { body: granted } = await callJson(endpoint, ca, { method: 'POST', body: new URLSearchParams(form) });
const { access_token: token } = granted as { access_token: string };
const numbers = 'https://graph.microsoft.com/v1.0/admin/teams/telephoneNumberManagement/numberAssignments';
const answers = await Promise.all([callJson(numbers, ca, { token }), callJson(numbers, ca, { token: 'x' })]);
console.log(JSON.stringify(answers.map(({ status, body }) => ({ status, body }))));
