// The signing keys, and tokens that are signed as a test wants them.

import crypto from 'node:crypto';

const base64url = (value) => Buffer.from(value).toString('base64url');
const json64 = (value) => base64url(JSON.stringify(value));

function makeKey() {
  const { privateKey, publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = privateKey.export({ format: 'jwk' });
  // Entra's key ids are thumbprints of certificates.
  const kid = crypto.createHash('sha1').update(jwk.n).digest('base64url');
  return { kid, jwk, privateKey, publicKey };
}

export class Keys {
  /** The first signs; all are published. */
  #published = [makeKey(), makeKey()];

  /** A key that was never published. */
  #foreign;

  get current() {
    return this.#published[0];
  }

  rotate(forget) {
    this.#published = forget ? [makeKey()] : [makeKey(), ...this.#published];
  }

  /** The keys with their secret parts, as the provider takes them. */
  secret() {
    return { keys: this.#published.map(({ kid, jwk }) => ({ ...jwk, kid, use: 'sig', alg: 'RS256' })) };
  }

  /** The key set as Entra publishes it: without `alg`, with the issuer of each key. */
  document() {
    const key = ({ kid, jwk: { kty, n, e } }) => ({ kty, use: 'sig', kid, x5t: kid, n, e, issuer: this.issuer });
    return { keys: this.#published.map(key) };
  }

  /**
   * Signs claims. `key` is `current` (the default), `old` (published, not in use), `foreign` (under the current key's id), `none`,
   * `public-as-hmac`, or `{hmac: SECRET}`; a member of `header` that is null is left out.
   */
  sign({ header = {}, claims, key = 'current' }) {
    this.#foreign ??= makeKey();
    const { current } = this;
    const rsa = { current, old: this.#published[1] ?? current, foreign: { ...this.#foreign, kid: current.kid } }[key];
    const hmac = key === 'public-as-hmac' ? current.publicKey.export({ type: 'spki', format: 'pem' }) : key?.hmac;
    if (!rsa && hmac === undefined && key !== 'none') throw new TypeError(`no key ${JSON.stringify(key)}`);
    const algorithm = rsa ? 'RS256' : hmac !== undefined ? 'HS256' : 'none';
    const whole = withChanges({ typ: 'JWT', alg: algorithm, kid: (rsa ?? current).kid }, header);
    const input = `${json64(whole)}.${json64(claims)}`;
    return `${input}.${base64url(signature(input, rsa, hmac))}`;
  }
}

function signature(input, rsa, hmac) {
  if (rsa) return crypto.sign('sha256', Buffer.from(input), rsa.privateKey);
  return hmac === undefined ? '' : crypto.createHmac('sha256', hmac).update(input).digest();
}

/** An object with some members changed; those that are null are taken away. */
export function withChanges(object, changes = {}) {
  const members = Object.entries({ ...object, ...changes });
  return Object.fromEntries(members.filter(([, value]) => value !== null));
}

/** What a token claims. */
export function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
}
