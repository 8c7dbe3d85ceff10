// Where tests say who the users and clients are and what is to go wrong, and ask what was asked.
//
//     POST /_test/users     [{oid, upn, ..., blocked}]            adds or replaces users
//     POST /_test/clients   [{client_id, kind, ...}]              adds or replaces clients
//     POST /_test/rotate    {forget}                              signs with a new key
//     POST /_test/sign      {user, client_id, header, claims, key} signs a token
//     POST /_test/fault     {where, kind, times, ...}             makes the next requests go wrong
//     POST /_test/visit     {url, user, browser}                  signs a person in
//     POST /_test/forget                                          forgets counts and requests
//     GET  /_test/keys                                            the key set that it publishes
//     GET  /_test/counts                                          requests by route
//     GET  /_test/requests                                        the requests themselves

import { send } from './faults.mjs';
import { withChanges } from './keys.mjs';
import { pairwiseSubject, userClaims } from './provider.mjs';
import { Mistake } from './state.mjs';

export function controlHandler(state, browsers) {
  const actions = {
    'POST /_test/users': (users) => state.addUsers(users),
    'POST /_test/clients': (clients) => state.addClients(clients),
    'POST /_test/rotate': ({ forget = false }) => ({ kid: state.rotate(forget) }),
    'POST /_test/sign': (wish) => ({ token: sign(state, wish) }),
    'POST /_test/fault': (fault) => state.setFault(fault),
    'POST /_test/visit': (visit) => browsers.visit(visit),
    'POST /_test/forget': () => {
      state.counts = {};
      state.requests = [];
    },
    'GET /_test/keys': () => state.keys.document(),
    'GET /_test/counts': () => state.counts,
    'GET /_test/requests': () => state.requests,
  };
  return async (request, response) => {
    const answer = (status, body) => send(response, status, { 'content-type': 'application/json' }, JSON.stringify(body));
    try {
      let text = '';
      for await (const chunk of request) text += chunk;
      const action = actions[`${request.method} ${request.url}`];
      if (!action) throw new Mistake(`there is no ${request.method} ${request.url}`);
      answer(200, (await action(JSON.parse(text || '{}'))) ?? {});
    } catch (error) {
      answer(error instanceof Mistake || error instanceof SyntaxError ? 400 : 500, { error: String(error.stack ?? error) });
    }
  };
}

/** A token that is good in every way but for what the test changes. */
function sign(state, { user, client_id: aud, claims, ...rest }) {
  const found = user === undefined ? undefined : state.findUser(user);
  if (user !== undefined && !found) throw new Mistake(`no user ${user}`);
  const iat = Math.floor(Date.now() / 1000);
  const good = { aud, iss: state.issuer, iat, nbf: iat, exp: iat + state.idTokenSeconds };
  const person = found && { ...userClaims(state, found), sub: pairwiseSubject(state, found.claims.oid, aud) };
  return state.keys.sign({ ...rest, claims: withChanges({ ...good, ...person }, claims) });
}
