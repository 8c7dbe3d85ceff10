// The certified provider, with Entra's routes, claims, documents and errors.

import crypto from 'node:crypto';

import { Provider, interactionPolicy } from 'oidc-provider';

import { federatedSecret } from './federation.mjs';
import { claimsOf, withChanges } from './keys.mjs';

const ROUTES = {
  authorization: '/oauth2/v2.0/authorize',
  token: '/oauth2/v2.0/token',
  jwks: '/discovery/v2.0/keys',
  end_session: '/oauth2/v2.0/logout',
  device_authorization: '/oauth2/v2.0/devicecode',
  code_verification: '/oauth2/deviceauth',
  userinfo: '/oidc/userinfo',
};

/** The claims of an ID token, by the scope that asks for them. */
const CLAIMS = {
  openid: [
    'sub', 'tid', 'ver', 'uti', 'nbf', 'upn', 'acct', 'idp', 'groups', 'hasgroups', '_claim_names', '_claim_sources', 'roles',
    'sid', 'login_hint', 'idtyp', 'xms_edov', 'verified_primary_email',
  ],
  profile: ['name', 'oid', 'preferred_username'],
  email: ['email'],
};

/** Entra's codes for what the provider refuses at the token endpoint. */
const TOKEN_ERRORS = {
  invalid_grant: [54005, 'OAuth2 Authorization code was already redeemed, or it is not valid.'],
  invalid_client: [7000215, 'Invalid client secret provided. Ensure that the secret is the value and not the ID of the secret.'],
};

/** A client of the table as the provider knows it. */
function clientMetadata(client) {
  const { client_id, redirect_uris = [] } = client;
  const code = {
    client_id,
    redirect_uris,
    post_logout_redirect_uris: redirect_uris,
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
  };
  switch (client.kind) {
    case 'web':
    case 'federated':
      return {
        ...code,
        client_secret: client.kind === 'web' ? client.client_secret : federatedSecret(client),
        grant_types: [...code.grant_types, 'client_credentials'],
        token_endpoint_auth_method: 'client_secret_post',
        // With redirects to several hosts the provider wants a document that names them all before it makes pairwise subjects.
        subject_type: new Set(redirect_uris.map((uri) => new URL(uri).host)).size > 1 ? 'public' : 'pairwise',
      };
    case 'native':
      return { ...code, application_type: 'native', token_endpoint_auth_method: 'none', subject_type: 'public' };
    default:
      return {
        client_id,
        redirect_uris: [],
        response_types: [],
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        subject_type: 'public',
      };
  }
}

/** What a user's token says beside what the provider adds, such as `aud` and `nonce`. */
export function userClaims(state, user) {
  const { upn } = user.claims;
  return {
    tid: state.tenant,
    ver: '2.0',
    uti: crypto.randomBytes(12).toString('base64url'),
    nbf: Math.floor(Date.now() / 1000),
    preferred_username: upn,
    name: upn,
    ...user.claims,
  };
}

/** One person has a different `sub` for each client. */
export function pairwiseSubject(state, oid, clientId) {
  return crypto.createHash('sha256').update(`${state.tenant}.${oid}.${clientId}`).digest('base64url');
}

function policy(state) {
  const { Check, Prompt, base } = interactionPolicy;
  const prompts = base();
  prompts.add(new Prompt({ name: 'select_account', requestable: true }), 0);
  const current = ({ oidc }) => state.users.get(oidc.session.accountId);
  const checks = prompts.get('login').checks;
  checks.add(new Check('account_blocked', 'the user is not let in', 'login_required', (ctx) => (
    state.refusal(current(ctx)) ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT
  )));
  checks.add(new Check('other_login_hint', 'the session is another user\'s', 'login_required', (ctx) => {
    const hinted = state.findUser(ctx.oidc.params.login_hint);
    const isOther = hinted && current(ctx) && hinted !== current(ctx) && !ctx.oidc.result?.login;
    return isOther ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
  }));
  return prompts;
}

/** The endpoints of the tenant; Entra has no `/v2.0` before `/oauth2`. */
function discoveryDocument(state) {
  const tenant = `${state.origin}/${state.tenant}`;
  return {
    token_endpoint: tenant + ROUTES.token,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: tenant + ROUTES.jwks,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: state.issuer,
    request_uri_parameter_supported: false,
    userinfo_endpoint: tenant + ROUTES.userinfo,
    authorization_endpoint: tenant + ROUTES.authorization,
    device_authorization_endpoint: tenant + ROUTES.device_authorization,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: tenant + ROUTES.end_session,
    claims_supported: [
      'sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'nonce', 'preferred_username', 'name', 'tid', 'ver', 'at_hash',
      'c_hash', 'email',
    ],
    tenant_region_scope: 'EU',
    cloud_instance_name: new URL(state.origin).host,
  };
}

/** Entra answers without `iss`, and with its own `session_state`. */
function entraRedirect(ctx, state) {
  const target = ctx.response.get('location');
  if (!target || target.startsWith('/') || target.startsWith(state.origin)) return;
  const url = new URL(target);
  if (!url.searchParams.has('iss')) return;
  url.searchParams.delete('iss');
  url.searchParams.set('session_state', crypto.randomUUID());
  ctx.set('location', url.href);
}

function entraTokenError(body) {
  const [code, text] = TOKEN_ERRORS[body.error] ?? [900144, body.error_description];
  return {
    error: body.error,
    error_description: `AADSTS${code}: ${text} Trace ID: ${crypto.randomUUID()} Timestamp: ${new Date().toISOString()}`,
    error_codes: [code],
  };
}

/** The ID token of an answer with its claims changed and signed anew. */
function otherIdToken(state, token, fault) {
  return state.keys.sign({ ...fault, claims: withChanges(claimsOf(token), fault.claims) });
}

function dress(provider, state) {
  provider.use(async (ctx, next) => {
    await next();
    const fault = ctx.req.fault;
    switch (ctx.oidc?.route) {
      case 'discovery':
        ctx.body = discoveryDocument(state);
        if (fault?.kind === 'lying-issuer') ctx.body.issuer = fault.issuer ?? 'https://login.other.example/v2.0';
        break;
      case 'jwks':
        ctx.body = state.keys.document();
        ctx.type = 'application/json';
        break;
      case 'token':
        if (ctx.body?.error) ctx.body = entraTokenError(ctx.body);
        if (fault?.kind === 'id-token' && ctx.body?.id_token) {
          ctx.body.id_token = otherIdToken(state, ctx.body.id_token, fault);
        }
        break;
      case 'authorization':
      case 'resume':
        entraRedirect(ctx, state);
        break;
      default:
    }
    if (fault?.kind === 'members') ctx.body = withChanges(ctx.body, fault.members);
  });
}

export function entraProvider(state) {
  const provider = new Provider(state.issuer, {
    adapter: state.store.adapter(clientMetadata),
    jwks: state.keys.secret(),
    routes: ROUTES,
    scopes: ['openid', 'profile', 'email', 'offline_access', 'User.Read'],
    claims: CLAIMS,
    conformIdTokenClaims: false,
    cookies: { keys: [state.store.cookieKey] },
    subjectTypes: ['pairwise', 'public'],
    pairwiseIdentifier: (_, accountId, client) => pairwiseSubject(state, accountId, client.clientId),
    // Entra does not ask for it. Tests assert that the relying party sends it all the same.
    pkce: { required: () => false },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          const button = '<button form="op.logoutForm" name="logout" value="yes">Sign out</button>';
          ctx.body = page('Sign out', form + button);
        },
      },
    },
    interactions: { policy: policy(state), url: (_, { uid }) => `/${state.tenant}/interaction/${uid}` },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 600,
      DeviceCode: 900,
      Grant: 86400,
      IdToken: state.idTokenSeconds,
      Interaction: 3600,
      RefreshToken: 86400,
      Session: 86400,
    },
    findAccount: (_, accountId) => {
      const user = state.users.get(accountId);
      return user && { accountId, claims: () => ({ sub: accountId, ...userClaims(state, user) }) };
    },
    // An administrator has consented for everybody.
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope(oidc.params.scope);
      await grant.save();
      return grant;
    },
    renderError: (ctx, { error, error_description }) => {
      ctx.type = 'html';
      ctx.body = page('Sign in', `<p id="error">${escape(error)}: ${escape(error_description ?? '')}</p>`);
    },
  });
  dress(provider, state);
  return provider;
}

export function escape(text) {
  return String(text).replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0)};`);
}

export function page(title, body) {
  const head = `<head><meta charset="utf-8"><title>${title}</title></head>`;
  return `<!DOCTYPE html><html lang="en">${head}<body><h1>${title}</h1>${body}</body></html>`;
}
