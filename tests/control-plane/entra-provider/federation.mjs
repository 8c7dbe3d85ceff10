// Workload identity federation: a client proves who it is by a token of an issuer that the registration trusts, which is the
// token of its service account.

import crypto from 'node:crypto';

import { createLocalJWKSet, jwtVerify } from 'jose';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** What Entra asks for unless the registration says otherwise. */
const AUDIENCE = 'api://AzureADTokenExchange';

const SECRETS = new Map();

/** The provider knows no federated clients; to it they are clients with a secret that nobody outside has. */
export function federatedSecret({ client_id: id }) {
  if (!SECRETS.has(id)) SECRETS.set(id, crypto.randomBytes(32).toString('base64url'));
  return SECRETS.get(id);
}

/**
 * Verifies the assertion of a federated client and puts that secret in its place. Returns what Entra answers to a bad one, or
 * undefined.
 */
export async function redeemAssertion(state, form) {
  const client = state.clients.get(form.get('client_id'));
  if (client?.kind !== 'federated') return undefined;
  // The client has no secret: one that is sent is none of ours.
  form.delete('client_secret');
  if (form.get('client_assertion_type') !== JWT_BEARER || !form.has('client_assertion')) {
    return refused(7000218, 'The request body must contain the following parameter: \'client_assertion\' or \'client_secret\'.');
  }
  const { issuer, subject, audience = AUDIENCE, jwks } = client.federated;
  try {
    await jwtVerify(form.get('client_assertion'), createLocalJWKSet(jwks), { issuer, subject, audience, requiredClaims: ['exp'] });
  } catch (error) {
    return error.code === 'ERR_JWT_EXPIRED'
      ? refused(700024, 'Client assertion is not within its valid time range.')
      : refused(700213, 'No matching federated identity record found for presented assertion.');
  }
  form.delete('client_assertion');
  form.delete('client_assertion_type');
  form.set('client_secret', federatedSecret(client));
  return undefined;
}

function refused(code, text) {
  return { error: 'invalid_client', error_description: `AADSTS${code}: ${text}`, error_codes: [code] };
}
