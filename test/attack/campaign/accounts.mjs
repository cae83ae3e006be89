import { rest } from './rest.mjs';

const PASSWORD = 'an-attackers-password-4711';
export const ATTACKERS_COLLECTION = 'mine';
const DIMENSION = 8;
const BATCH = 500;

/**
 * Accounts as strangers get them: by open registration, or by an invitation where that is closed. Each is made from an
 * address of its own, so that what is counted by address in one attack is not counted in another.
 */
export class Accounts {
  #made = 0;

  constructor(home) {
    this.home = home;
    this.at = { ...home.http, authority: home.authority };
  }

  /** `{ email, password, token, key, keys, collection }`, and where `points` are wanted a collection that has them. */
  async make(name, { keys = 1, points = 0 } = {}) {
    this.#made += 1;
    const from = `127.0.${3 + Math.floor(this.#made / 250)}.${1 + (this.#made % 250)}`;
    const email = `${name.replaceAll(/[^a-z0-9]+/g, '-')}@example.org`;
    await this.#register(email, from);
    const { jwtToken: token } = await this.#call('POST', '/v1/users/login', {
      from,
      body: { email, password: PASSWORD },
    });
    const made = [];
    for (let at = 0; at < keys; at += 1) {
      made.push((await this.#call('POST', '/v1/keys', { from, key: token, body: { name: `key-${at}` } })).fullKey);
    }
    const account = { email, password: PASSWORD, token, key: made[0], keys: made, collection: ATTACKERS_COLLECTION };
    if (points > 0) await this.#fill(account, points, from);
    return account;
  }

  async #register(email, from) {
    const body = { email, password: PASSWORD };
    const { status } = await rest(this.at, 'POST', '/v1/users/register', { body, from });
    if (status === 200) return;
    const { token } = await this.#call('POST', '/v1/invitations', {
      key: this.home.admin.key,
      body: { email, newTenant: true },
    });
    await this.#call('POST', '/v1/users/register', { body: { ...body, invitation: token }, from });
  }

  async #fill({ key, collection }, points, from) {
    await this.#call('POST', '/v1/collections', { key, from, body: { name: collection, dimension: DIMENSION } });
    for (let at = 0; at < points; at += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, points - at) }, (_, n) => ({
        id: `p-${at + n}`,
        vector: Array.from({ length: DIMENSION }, (_, d) => Math.sin(at + n + d)),
        payload: { text: 'a payload of some words '.repeat(8), number: at + n },
      }));
      await this.#call('POST', `/v1/collections/${collection}/points`, { key, from, body: { points: batch } });
    }
  }

  async #call(method, path, options) {
    const { status, body } = await rest(this.at, method, path, options);
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body).slice(0, 300)}`);
    return body;
  }

  /** A key for scraping; of the administrator's own role where there is no other yet. */
  async metricsKey() {
    const body = (role) => ({ key: this.home.admin.key, body: { name: 'scraper', role } });
    const { status, body: made } = await rest(this.at, 'POST', '/v1/keys', body('metrics'));
    return status === 200 ? made.fullKey : this.home.admin.key;
  }
}
