import { Inject, Injectable } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import {
  allOf,
  analyzed,
  countsOf,
  declarationOf,
  initialDeclarations,
  readPlan,
  type ShardCounts,
  schemaOf,
  WriteOrigins,
} from '@vectron/model';
import { gateway, type placement, type workerData } from '@vectron/proto';
import { callContext } from '@vectron/rpc';
import type { Principal } from '../edge/access.js';
import { BACKENDS, type Backends, CONFIG } from '../backends.js';
import { type CallLimits, deadlineOf } from '../edge/call-limits.js';
import { limitsOf } from '../edge/tenant-quota.js';
import type { GatewayConfig } from '../config.js';
import { RouteTable } from '../shards/routes.js';
import { ShardCaller } from '../shards/shard-caller.js';

const PD_TIMEOUT_MS = 15_000;

/** What collections index, and what they are called. Indexes are part of each shard's own state, and go through its log. */
@Injectable()
export class SchemaService {
  readonly #origins = new WriteOrigins();

  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    @Inject(BACKENDS) private readonly backends: Backends,
    @Inject(RouteTable) private readonly routes: RouteTable,
    @Inject(ShardCaller) private readonly shards: ShardCaller,
  ) {}

  async indexes(
    principal: Principal,
    collection: string,
    limits: CallLimits = {},
  ): Promise<gateway.ListIndexesResponse> {
    const deadlineMs = deadlineOf(this.config.searchTimeoutMs, limits);
    return this.shards.reading(principal.tenantId, collection, { deadlineMs }, schemaOf);
  }

  /** What each shard holds, by its id, every write that was acknowledged before included. */
  async counts(principal: Principal, collection: string, limits: CallLimits = {}): Promise<Map<number, ShardCounts>> {
    const deadlineMs = deadlineOf(this.config.searchTimeoutMs, limits);
    const plan = readPlan(gateway.ReadConsistency.fromPartial({ level: 'linearizable' }));
    return this.shards.reading(principal.tenantId, collection, { deadlineMs, plan, signal: limits.signal }, countsOf);
  }

  async analyze(
    principal: Principal,
    request: gateway.AnalyzeRequest,
    limits: CallLimits = {},
  ): Promise<gateway.AnalyzeResponse> {
    const deadlineMs = deadlineOf(this.config.searchTimeoutMs, limits);
    return this.shards.reading(principal.tenantId, request.collection, { deadlineMs }, (route, ask) =>
      analyzed(route, request, ask),
    );
  }

  async createIndex(
    principal: Principal,
    request: gateway.CreateIndexRequest,
    limits: CallLimits = {},
  ): Promise<gateway.CreateIndexResponse> {
    const declaration = declarationOf(request, false);
    return { created: await this.#declare(principal, request.collection, declaration, limits) };
  }

  async deleteIndex(
    principal: Principal,
    request: gateway.DeleteIndexRequest,
    limits: CallLimits = {},
  ): Promise<gateway.DeleteIndexResponse> {
    const declaration = declarationOf(request, true);
    return { existed: await this.#declare(principal, request.collection, declaration, limits) };
  }

  /** What a new collection declares. */
  async declareAll(principal: Principal, request: gateway.CreateCollectionRequest): Promise<void> {
    for (const declaration of initialDeclarations(request)) {
      await this.#declare(principal, request.name, declaration, {});
    }
  }

  /**
   * On every shard; doing it again does no harm. Gives whether a shard did not have it so before. The first shard is asked
   * alone: all of them declare the same, so that what one refuses is declared on none.
   */
  async #declare(
    principal: Principal,
    collection: string,
    declaration: workerData.Declaration,
    limits: CallLimits,
  ): Promise<boolean> {
    const deadlineMs = deadlineOf(this.config.writeTimeoutMs, limits);
    const op = { $case: 'declare', value: declaration } as const;
    return this.shards.following(principal.tenantId, collection, deadlineMs, async (route) => {
      const declare = (shard: placement.Shard) =>
        this.#origins.run(async (origin) => {
          const { outcome } = await this.shards.call(route, shard, op, { deadlineMs, origin });
          if (outcome.$case !== 'written') throw new VectronError('INTERNAL', 'the worker sent an answer of an unexpected type');
          return outcome.value.affected > 0;
        });
      const [first, ...others] = route.shards;
      const changed = await declare(first);
      return (await allOf(others, 1, declare)).some((one) => one) || changed;
    });
  }

  async aliases(principal: Principal): Promise<gateway.ListAliasesResponse> {
    const { tenantId, collections } = principal;
    const { aliases } = await this.backends.placement.listAliases({ tenantId }, pd());
    return { aliases: aliases.filter(({ alias }) => collections.length === 0 || collections.includes(alias)) };
  }

  async updateAliases(
    principal: Principal,
    request: gateway.UpdateAliasesRequest,
  ): Promise<gateway.UpdateAliasesResponse> {
    const { tenantId } = principal;
    const limits = limitsOf(this.config, principal);
    await this.backends.placement.updateAliases({ tenantId, ...request, limits }, pd());
    for (const alias of [...request.set.map((one) => one.alias), ...request.delete])
      this.routes.forget(tenantId, alias);
    return {};
  }
}

const pd = () => callContext({ timeoutMs: PD_TIMEOUT_MS });
