// The front of the provider: Entra's addresses, its sign-in page, documents of authorities that no single-tenant application
// should take, and faults.

import { answerBadly, send } from './faults.mjs';
import { redeemAssertion } from './federation.mjs';
import { escape, page } from './provider.mjs';

const DISCOVERY = '/.well-known/openid-configuration';
const FORM_LIMIT = 64 * 1024;

/** The routes that are counted, by the end of their paths. */
const ROUTES = [
  [DISCOVERY, 'discovery'],
  ['/discovery/v2.0/keys', 'jwks'],
  ['/oauth2/v2.0/token', 'token'],
  ['/oauth2/v2.0/authorize', 'authorize'],
  ['/oauth2/v2.0/logout', 'logout'],
  ['/oauth2/v2.0/devicecode', 'devicecode'],
  ['/oidc/userinfo', 'userinfo'],
];

export function frontHandler(state) {
  return (request, response) => {
    handle(state, request, response).catch((error) => {
      console.error(error);
      if (!response.headersSent) send(response, 500, { 'content-type': 'text/plain' }, String(error));
    });
  };
}

async function handle(state, request, response) {
  const url = new URL(request.url, state.origin);
  const route = ROUTES.find(([path]) => url.pathname.endsWith(path))?.[1] ?? 'other';
  const form = request.method === 'POST' ? await readForm(request) : undefined;
  const { method } = request;
  state.record(route, {
    method,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    form: form && Object.fromEntries(form),
    authorization: request.headers.authorization,
  });
  request.fault = state.takeFault(route);
  if (await answerBadly(request.fault, response)) return;

  const document = foreignDocument(state, url.pathname);
  if (document) {
    sendJson(response, 200, document);
    return;
  }
  // Everything below works under the tenant's id and under the verified domain.
  const [, tenant, ...rest] = url.pathname.split('/');
  if (tenant !== state.tenant && tenant !== state.domain) {
    sendJson(response, 400, { error: 'invalid_tenant', error_description: `AADSTS90002: Tenant '${tenant}' not found.` });
    return;
  }
  if (rest[0] === 'interaction') {
    await interact(state, request, response, form);
    return;
  }
  if (route === 'token') {
    const refusal = await redeemAssertion(state, form);
    if (refusal) {
      sendJson(response, 401, refusal);
      return;
    }
  }
  if (route === 'logout') addClient(state, url);
  const path = `/${rest.join('/')}`.replace(/^\/v2\.0(?=\/)/, '');
  request.url = path + url.search;
  // The provider takes what stands before its own path for the folder that its addresses are in.
  request.originalUrl = url.pathname.slice(0, -path.length) + request.url;
  request.body = form?.toString();
  await state.provider.callback()(request, response);
}

/** The form of a request, which the provider reads from `request.body` afterwards. */
async function readForm(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > FORM_LIMIT) throw new Error('the form is too long');
  }
  return new URLSearchParams(text);
}

/** Discovery documents whose issuer is not that of the tenant's v2.0 authority. */
function foreignDocument(state, path) {
  const { origin, tenant } = state;
  const document = (issuer, prefix) => ({
    issuer,
    authorization_endpoint: `${origin}/${prefix}/oauth2/v2.0/authorize`,
    token_endpoint: `${origin}/${prefix}/oauth2/v2.0/token`,
    jwks_uri: `${origin}/${prefix}/discovery/v2.0/keys`,
    end_session_endpoint: `${origin}/${prefix}/oauth2/v2.0/logout`,
    response_types_supported: ['code'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
  });
  switch (path) {
    // The v1.0 authority.
    case `/${tenant}${DISCOVERY}`:
      return document(`https://sts.windows.net/${tenant}/`, tenant);
    // The template stands in the document as it is.
    case `/common/v2.0${DISCOVERY}`:
    case `/organizations/v2.0${DISCOVERY}`:
      return document(`${origin}/{tenantid}/v2.0`, path.split('/')[1]);
    default:
      return undefined;
  }
}

/** Entra takes the address after a sign-out from any registration that has it; the provider wants to know which. */
function addClient(state, url) {
  const target = url.searchParams.get('post_logout_redirect_uri');
  const client = [...state.clients.values()].find(({ redirect_uris = [] }) => redirect_uris.includes(target));
  if (client && !url.searchParams.has('client_id')) url.searchParams.set('client_id', client.client_id);
}

/** The sign-in page. A known `login_hint` signs in at once; everybody else is asked. */
async function interact(state, request, response, form) {
  const { params, prompt, session } = await state.provider.interactionDetails(request, response);
  const hint = params.prompt?.includes('select_account') ? undefined : params.login_hint;
  const typed = form?.get('user');
  // A person with a session is not asked again where consent is missing or the account was blocked.
  const known = prompt.name === 'consent' || prompt.reasons.includes('account_blocked') ? session?.accountId : undefined;
  const user = state.findUser(typed) ?? state.findUser(hint) ?? state.users.get(known);
  if (!user) {
    sendSignInPage(response, typed);
    return;
  }
  const result = state.refusal(user) ?? { login: { accountId: user.claims.oid }, select_account: {}, consent: {} };
  await state.provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

function sendSignInPage(response, typed) {
  const complaint = typed ? `<p id="error">We couldn't find an account with that username: ${escape(typed)}</p>` : '';
  const label = '<label>Email or user name <input name="user" autofocus></label>';
  const form = `<form method="post">${label} <button>Sign in</button></form>`;
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
  send(response, 200, headers, page('Sign in', complaint + form));
}

function sendJson(response, status, body) {
  send(response, status, { 'content-type': 'application/json; charset=utf-8' }, JSON.stringify(body));
}
