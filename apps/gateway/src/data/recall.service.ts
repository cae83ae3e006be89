import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { toVectronError } from '@vectron/errors';
import { checkMeasuring, measureRecall, measuringTimeoutMs } from '@vectron/model';
import type { gateway } from '@vectron/proto';
import type { Principal } from '../edge/access.js';
import { type CallLimits, deadlineOf } from '../edge/call-limits.js';
import { Edge } from '../edge/edge.js';
import { ShardCaller } from '../shards/shard-caller.js';
import { shardTimeoutMs } from '../shards/shard-timeout.js';

/** There will be room, or a right to another request, in a moment. */
const IN_A_MOMENT: ReadonlySet<string> = new Set(['OVERLOADED', 'RATE_LIMITED']);
const AGAIN_MS = 250;

/** Compares answers with the truth. */
@Injectable()
export class RecallService {
  constructor(
    @Inject(ShardCaller) private readonly shards: ShardCaller,
    @Inject(Edge) private readonly edge: Edge,
  ) {}

  /** Past the cache: what the shards answer is measured. */
  async measure(
    principal: Principal,
    request: gateway.MeasureRecallRequest,
    limits: CallLimits = {},
  ): Promise<gateway.MeasureRecallResponse> {
    checkMeasuring(request);
    const deadlineMs = deadlineOf(measuringTimeoutMs(request), limits);
    const work = { isLong: true, cpuUs: 0 };
    const read = { deadlineMs, signal: limits.signal, work };
    return this.shards.reading(principal.tenantId, request.collection, read, (route, ask) =>
      measureRecall(route, request, ask, {
        deadlineMs,
        timeoutMs: () => shardTimeoutMs(deadlineMs),
        turn: (search) => this.#turn(principal, deadlineMs, search),
      }),
    );
  }

  /**
   * Makes one search of many as if the caller had asked for it: it takes room among the reads of its tenant, and one of the
   * requests that its key may make. Waits for both until the deadline; then throws what refuses it.
   */
  async #turn<T>(principal: Principal, deadlineMs: number, search: () => Promise<T>): Promise<T> {
    for (;;) {
      let leave: () => void;
      try {
        leave = await this.edge.enterAgain(principal);
      } catch (cause) {
        const { code, details } = toVectronError(cause);
        const waitMs = Number(details.retryAfterMs ?? AGAIN_MS);
        if (!IN_A_MOMENT.has(code) || Date.now() + waitMs >= deadlineMs) throw cause;
        await pause(waitMs);
        continue;
      }
      try {
        return await search();
      } finally {
        leave();
      }
    }
  }
}
