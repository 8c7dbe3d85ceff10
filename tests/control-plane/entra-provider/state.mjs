// What the provider knows and what tests change: users, clients, keys, faults, and what was asked.

import { Keys } from './keys.mjs';
import { entraProvider } from './provider.mjs';
import { Store } from './store.mjs';

/** The claims that a user of the table may have. */
const USER_CLAIMS = new Set([
  'oid', 'upn', 'preferred_username', 'email', 'acct', 'idp', 'name', 'groups', 'hasgroups', '_claim_names', '_claim_sources',
  'roles', 'tid', 'ver', 'idtyp', 'sid', 'login_hint', 'xms_edov', 'verified_primary_email',
]);
/** How many requests are remembered. */
const REMEMBERED = 2000;
/** Where a fault can happen, and what it can be. */
const PLACES = ['discovery', 'jwks', 'token', 'authorize'];
const KINDS = ['slow', 'down', 'garbage', 'redirect', 'lying-issuer', 'huge', 'answer', 'members', 'id-token'];

/** What a test asked for and cannot have. */
export class Mistake extends Error {}

export class State {
  users = new Map();
  clients = new Map();
  faults = new Map();
  counts = {};
  requests = [];
  store = new Store();
  keys = new Keys();

  constructor(origin, options) {
    this.origin = origin;
    this.tenant = options.tenant;
    /** A verified domain of the tenant, which Entra takes in the place of the tenant's id. */
    this.domain = options.domain;
    this.idTokenSeconds = options.idTokenSeconds ?? 3600;
    this.issuer = `${origin}/${this.tenant}/v2.0`;
    this.keys.issuer = this.issuer;
    this.store.clients = this.clients;
    this.addUsers(options.users ?? []);
    this.addClients(options.clients ?? []);
    this.provider = entraProvider(this);
  }

  /** Adds users; one with a known oid is replaced. */
  addUsers(users) {
    for (const user of users) {
      const { blocked, ...claims } = user;
      if (typeof claims.oid !== 'string') throw new Mistake('a user needs an oid');
      const unknown = Object.keys(claims).find((claim) => !USER_CLAIMS.has(claim));
      if (unknown) throw new Mistake(`a user has no claim ${unknown}`);
      this.users.set(claims.oid, { blocked, claims });
    }
  }

  /** Finds a user by what people type when they sign in. */
  findUser(typed) {
    const wanted = typed?.toLowerCase();
    const names = ({ claims }) => [claims.upn, claims.preferred_username, claims.oid];
    const isMeant = (user) => names(user).some((name) => name?.toLowerCase() === wanted);
    return wanted && [...this.users.values()].find(isMeant);
  }

  /** What Entra would answer instead of letting this user in. */
  refusal(user) {
    if (!user?.blocked) return undefined;
    return user.blocked === true
      ? {
        error: 'access_denied',
        error_description: 'AADSTS50105: Your administrator has configured the application to block users unless they are '
          + 'specifically granted (\'assigned\') access to the application.',
      }
      : user.blocked;
  }

  /** Adds clients; one with a known id is replaced. */
  addClients(clients) {
    for (const client of clients) {
      if (!client.client_id) throw new Mistake('a client needs a client_id');
      if (!['web', 'federated', 'native', 'device'].includes(client.kind)) {
        throw new Mistake('kind of a client is web, federated, native or device');
      }
      if (client.kind === 'web' && !client.client_secret) throw new Mistake('a web client needs a client_secret');
      if (client.kind === 'federated' && !client.federated?.jwks) throw new Mistake('a federated client needs federated.jwks');
      this.clients.set(client.client_id, client);
    }
  }

  /** Sets a fault for the next requests at one place; `kind: none` ends it. */
  setFault(fault) {
    if (!PLACES.includes(fault.where)) throw new Mistake(`where is one of ${PLACES.join(', ')}`);
    if (fault.kind === 'none') {
      this.faults.delete(fault.where);
    } else if (KINDS.includes(fault.kind)) {
      this.faults.set(fault.where, { ...fault });
    } else {
      throw new Mistake(`kind is one of none, ${KINDS.join(', ')}`);
    }
  }

  /** Takes the fault of a place for one request. */
  takeFault(where) {
    const fault = this.faults.get(where);
    if (fault?.times !== undefined) {
      fault.times -= 1;
      if (fault.times <= 0) this.faults.delete(where);
    }
    return fault;
  }

  /** Counts a request and remembers it. */
  record(route, request) {
    this.counts[route] = (this.counts[route] ?? 0) + 1;
    this.requests.push({ route, ...request });
    if (this.requests.length > REMEMBERED) this.requests.shift();
  }

  /** Changes the signing key. The old key stays published unless `forget` is set. */
  rotate(forget) {
    this.keys.rotate(forget);
    // A provider's keys cannot be changed; its grants and sessions are in the store.
    this.provider = entraProvider(this);
    return this.keys.current.kid;
  }
}
