import { Controller, Inject } from '@nestjs/common';
import { gateway } from '@vectron/proto';
import { type Api, type BidiCall, type CallContext, GrpcService } from '@vectron/rpc';
import { ChangeService } from '../../data/change.service.js';
import { PointService } from '../../data/point.service.js';
import { QueryService } from '../../data/query.service.js';
import { RecallService } from '../../data/recall.service.js';
import { SearchService } from '../../data/search.service.js';
import type { SearchAnswer } from '../../data/search-answer.js';
import { SearchBatchService } from '../../data/search-batch.service.js';
import { SnapshotService } from '../../data/snapshot.service.js';
import { UpsertStreamService } from '../../data/upsert-stream.service.js';
import type { Principal } from '../../edge/access.js';
import {
  batchInput,
  changeMessage,
  facetsMessage,
  outcomeMessage,
  pointInput,
  pointMessage,
  queryMessage,
  searchInput,
} from './grpc-messages.js';
import type { decodeUpsertRequest, Packed } from './search-codec.js';
import { pointMethods } from './vectron-service.js';

const by = (context: CallContext) => context.principal as Principal;

/** vectron.v1: points, searches and changes. */
@Controller()
@GrpcService(pointMethods)
export class VectronGrpcController implements Api<typeof pointMethods> {
  constructor(
    @Inject(PointService) private readonly points: PointService,
    @Inject(SearchService) private readonly searches: SearchService,
    @Inject(SearchBatchService) private readonly batches: SearchBatchService,
    @Inject(QueryService) private readonly queries: QueryService,
    @Inject(RecallService) private readonly recalls: RecallService,
    @Inject(ChangeService) private readonly changes: ChangeService,
    @Inject(SnapshotService) private readonly snapshots: SnapshotService,
    @Inject(UpsertStreamService) private readonly streams: UpsertStreamService,
  ) {}

  async upsert(request: ReturnType<typeof decodeUpsertRequest>, context: CallContext): Promise<gateway.UpsertResponse> {
    return this.points.upsert(by(context), request.collection, request.points.map(pointInput), request.origin, context);
  }

  async *upsertStream(
    call: BidiCall<Buffer, gateway.UpsertAck>,
    context: CallContext,
  ): AsyncIterable<gateway.UpsertAck> {
    yield* this.streams.acknowledge(by(context), call, context);
  }

  async search(request: Packed<gateway.SearchRequest>, context: CallContext): Promise<SearchAnswer> {
    return this.searches.search(by(context), searchInput(request), context);
  }

  async *searchStream(request: Packed<gateway.SearchRequest>, context: CallContext): AsyncIterable<SearchAnswer> {
    yield* this.searches.searchStream(by(context), searchInput(request), context);
  }

  async searchBatch(request: gateway.SearchBatchRequest, context: CallContext): Promise<SearchAnswer[]> {
    return this.batches.search(by(context), batchInput(request), context);
  }

  async get(request: gateway.GetRequest, context: CallContext): Promise<gateway.GetResponse> {
    const { collection, id, consistency } = request;
    const { point, appliedIndex } = await this.points.get(by(context), collection, id, consistency, context);
    return { point: pointMessage(point), appliedIndex };
  }

  async delete(request: gateway.DeleteRequest, context: CallContext): Promise<gateway.DeleteResponse> {
    return this.points.delete(by(context), request.collection, request.id, request.origin, context);
  }

  async listChanges(request: gateway.ListChangesRequest, context: CallContext): Promise<gateway.ListChangesResponse> {
    const { changes, nextCursor } = await this.changes.list(by(context), request, context);
    return { changes: changes.map(changeMessage), nextCursor };
  }

  openSnapshot(
    { collection }: gateway.OpenSnapshotRequest,
    context: CallContext,
  ): Promise<gateway.OpenSnapshotResponse> {
    return this.snapshots.open(by(context), collection, context);
  }

  closeSnapshot(request: gateway.CloseSnapshotRequest, context: CallContext): Promise<gateway.CloseSnapshotResponse> {
    return this.snapshots.close(by(context), request, context);
  }

  async listPoints(request: gateway.ListPointsRequest, context: CallContext): Promise<gateway.ListPointsResponse> {
    const from = request.snapshot === '' ? this.points : this.snapshots;
    const { points, nextCursor } = await from.list(by(context), request, context);
    return { points: points.map((point) => pointMessage(point, request.includeVectors)), nextCursor };
  }

  async query(request: gateway.QueryRequest, context: CallContext): Promise<gateway.QueryResponse> {
    return queryMessage(await this.queries.query(by(context), request, context));
  }

  async queryBatch(request: gateway.QueryBatchRequest, context: CallContext): Promise<gateway.QueryBatchResponse> {
    return { outcomes: (await this.queries.batch(by(context), request, context)).map(outcomeMessage) };
  }

  async countPoints(request: gateway.CountPointsRequest, context: CallContext): Promise<gateway.CountPointsResponse> {
    return this.queries.count(by(context), request, context);
  }

  async facetPoints(request: gateway.FacetPointsRequest, context: CallContext): Promise<gateway.FacetPointsResponse> {
    return facetsMessage(await this.queries.facets(by(context), request, context));
  }

  async measureRecall(
    request: gateway.MeasureRecallRequest,
    context: CallContext,
  ): Promise<gateway.MeasureRecallResponse> {
    return this.recalls.measure(by(context), request, context);
  }

  async updatePoints(
    request: gateway.UpdatePointsRequest,
    context: CallContext,
  ): Promise<gateway.UpdatePointsResponse> {
    return this.points.update(by(context), request, context);
  }

  async deletePoints(
    request: gateway.DeletePointsRequest,
    context: CallContext,
  ): Promise<gateway.DeletePointsResponse> {
    return this.points.deleteMany(by(context), request, context);
  }
}
