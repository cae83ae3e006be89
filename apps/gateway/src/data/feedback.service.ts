import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { gateway } from '@vectron/proto';
import type { Principal } from '../edge/access.js';
import type { GatewayDb } from '../gateway-db.js';
import { ImpressionLog } from './impression-log.js';
import { RouteTable } from '../shards/routes.js';

export const GATEWAY_DB = Symbol('GatewayDb');

/** What people made of answers, stored with the answer they saw. */
@Injectable()
export class FeedbackService {
  constructor(
    @Inject(GATEWAY_DB) private readonly db: GatewayDb,
    @Inject(ImpressionLog) private readonly impressions: ImpressionLog,
    @Inject(RouteTable) private readonly routes: RouteTable,
  ) {}

  async submit(principal: Principal, request: gateway.SubmitFeedbackRequest): Promise<gateway.SubmitFeedbackResponse> {
    await this.routes.get(principal.tenantId, request.collection);
    const { feedbackItems, resultIds } = request;
    const impression = request.queryId === '' ? undefined : this.impressions.get(principal.tenantId, request.queryId);
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
    });
    return { success: true, feedbackId: id };
  }
}
