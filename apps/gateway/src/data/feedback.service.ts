import { randomUUID } from 'node:crypto';
import type { gateway } from '@vectron/proto';
import type { Principal } from '../edge/access.js';
import type { GatewayDb, GatewayTables } from '../gateway-db.js';
import type { GatewayConfig } from '../config.js';
import type { RouteTable } from '../shards/routes.js';
import type { FindImpression } from './impression-log.js';
import { LRUCache } from 'lru-cache';
import { VectronError } from '@vectron/errors';
import { type Transaction, sql } from 'kysely';

/** What a client may say beside its feedback: keys and values of bytes, and how many. */
const MAX_CONTEXT = { entries: 32, key: 128, value: 1_024 };
/** Tenants whose items are counted without asking the database. */
const COUNTED = 10_000;

/** What people made of answers, stored with the answer they saw. Of each tenant as much as is set; the oldest goes first. */
export class FeedbackService {
  /** How many items of feedback a tenant has stored, as far as this gateway has counted. */
  readonly #items = new LRUCache<string, number>({ max: COUNTED });

  constructor(
    private readonly config: Pick<GatewayConfig, 'maxFeedback'>,
    private readonly db: GatewayDb,
    private readonly find: FindImpression,
    private readonly routes: RouteTable,
  ) {}

  async submit(principal: Principal, request: gateway.SubmitFeedbackRequest): Promise<gateway.SubmitFeedbackResponse> {
    checkContext(request.context);
    await this.routes.get(principal.tenantId, request.collection);
    const { feedbackItems, resultIds } = request;
    const impression = request.queryId === '' ? undefined : await this.find(principal.tenantId, request.queryId);
    const id = randomUUID();
    await this.db.transaction().execute(async (trx) => {
      await trx
        .insertInto('feedback')
        .values({
          id,
          tenant: principal.tenantId,
          user: principal.userId,
          collection: request.collection,
          query: request.query,
          query_id: request.queryId,
          impression: impression === undefined ? null : JSON.stringify(impression),
          result_ids: JSON.stringify(resultIds),
          context: JSON.stringify([...request.context]),
          created_at_ms: Date.now(),
        })
        .execute();
      for (const item of feedbackItems) {
        await trx
          .insertInto('feedback_item')
          .values({
            feedback_id: id,
            result_id: item.resultId,
            relevance_score: item.relevanceScore,
            clicked: item.clicked ? 1 : 0,
            position: item.position,
            comment: item.comment,
          })
          .execute();
      }
      await this.#trim(trx, principal.tenantId, feedbackItems.length);
    });
    return { success: true, feedbackId: id };
  }

  /** Counts `added` items, and forgets the tenant's oldest feedback when it has more than it may: a tenth of it at once. */
  async #trim(trx: Transaction<GatewayTables>, tenant: string, added: number): Promise<void> {
    const most = this.config.maxFeedback;
    const known = this.#items.get(tenant);
    const items = known === undefined ? await this.#count(trx, tenant) : known + added;
    if (items <= most) {
      this.#items.set(tenant, items);
      return;
    }
    const feedback = await trx
      .selectFrom('feedback')
      .leftJoin('feedback_item', 'feedback_item.feedback_id', 'feedback.id')
      .select(['feedback.id', sql<number>`count(feedback_item.id)`.as('items')])
      .where('feedback.tenant', '=', tenant)
      .groupBy('feedback.id')
      .orderBy('feedback.created_at_ms')
      .execute();
    let left = feedback.reduce((sum, one) => sum + one.items, 0);
    for (const { id, items: own } of feedback) {
      if (left <= most * 0.9) break;
      await trx.deleteFrom('feedback_item').where('feedback_id', '=', id).execute();
      await trx.deleteFrom('feedback').where('id', '=', id).execute();
      left -= own;
    }
    this.#items.set(tenant, left);
  }

  async #count(trx: Transaction<GatewayTables>, tenant: string): Promise<number> {
    const { items } = await trx
      .selectFrom('feedback')
      .innerJoin('feedback_item', 'feedback_item.feedback_id', 'feedback.id')
      .select(sql<number>`count(*)`.as('items'))
      .where('feedback.tenant', '=', tenant)
      .executeTakeFirstOrThrow();
    return items;
  }
}

/** Throws INVALID_ARGUMENT when the context is larger than what is meant with it. */
function checkContext(context: ReadonlyMap<string, string>): void {
  const { entries, key: keyBytes, value: valueBytes } = MAX_CONTEXT;
  if (context.size > entries) {
    throw VectronError.invalid('context', `context must have at most ${entries} entries, not ${context.size}`);
  }
  for (const [key, value] of context) {
    if (Buffer.byteLength(key) > keyBytes) {
      throw VectronError.invalid('context', `a key of context must have at most ${keyBytes} bytes of UTF-8`);
    }
    if (Buffer.byteLength(value) > valueBytes) {
      throw VectronError.invalid(`context.${key}`, `context.${key} must have at most ${valueBytes} bytes of UTF-8`);
    }
  }
}
