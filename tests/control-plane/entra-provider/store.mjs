// Where the provider keeps grants, codes, sessions and interactions. It outlives a change of keys.

import crypto from 'node:crypto';

export class Store {
  /** Signs the cookies of the provider. */
  cookieKey = crypto.randomBytes(32).toString('base64url');

  #entries = new Map();

  /** Adapters of the provider's models, which read clients from the table that tests fill. */
  adapter(clientMetadata) {
    const entries = this.#entries;
    const { clients } = this;

    return class Adapter {
      constructor(model) {
        this.model = model;
      }

      #key(id) {
        return `${this.model}:${id}`;
      }

      #own() {
        return [...entries].filter(([key]) => key.startsWith(`${this.model}:`));
      }

      #findBy(member, value) {
        return this.#own().map(([, entry]) => entry).find((entry) => entry.payload[member] === value);
      }

      static #alive(entry) {
        return entry && entry.until > Date.now() ? entry.payload : undefined;
      }

      async upsert(id, payload, expiresIn) {
        entries.set(this.#key(id), { payload, until: expiresIn ? Date.now() + expiresIn * 1000 : Infinity });
      }

      async find(id) {
        if (this.model === 'Client') return clients.has(id) ? clientMetadata(clients.get(id)) : undefined;
        return Adapter.#alive(entries.get(this.#key(id)));
      }

      async findByUserCode(userCode) {
        return Adapter.#alive(this.#findBy('userCode', userCode));
      }

      async findByUid(uid) {
        return Adapter.#alive(this.#findBy('uid', uid));
      }

      async consume(id) {
        entries.get(this.#key(id)).payload.consumed = Math.floor(Date.now() / 1000);
      }

      async destroy(id) {
        entries.delete(this.#key(id));
      }

      async revokeByGrantId(grantId) {
        for (const [key, entry] of this.#own()) if (entry.payload.grantId === grantId) entries.delete(key);
      }
    };
  }
}
