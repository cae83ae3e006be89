import { Controller, Inject } from '@nestjs/common';
import { gateway } from '@vectron/proto';
import { type Api, type CallContext, GrpcService } from '@vectron/rpc';
import { BACKENDS, type Backends } from '../../backends.js';
import { ChangeService } from '../../data/change.service.js';
import { CollectionService } from '../../data/collection.service.js';
import { FeedbackService } from '../../data/feedback.service.js';
import { PointService } from '../../data/point.service.js';
import { QueryService } from '../../data/query.service.js';
import { SchemaService } from '../../data/schema.service.js';
import { SearchService } from '../../data/search.service.js';
import type { SearchAnswer } from '../../data/search-answer.js';
import type { Principal } from '../../edge/access.js';
import { passedOn } from './auth.grpc.controller.js';
import {
  changeMessage,
  facetsMessage,
  outcomeMessage,
  pointInput,
  pointMessage,
  queryMessage,
  searchInput,
} from './grpc-messages.js';
import { type decodeUpsertRequest, type Packed, vectronService } from './search-codec.js';

const by = (context: CallContext) => context.principal as Principal;

/** vectron.v1 on the public gRPC listener. */
@Controller()
@GrpcService(vectronService)
export class VectronGrpcController implements Api<typeof vectronService> {
  constructor(
    @Inject(CollectionService) private readonly collections: CollectionService,
    @Inject(PointService) private readonly points: PointService,
    @Inject(SearchService) private readonly searches: SearchService,
    @Inject(FeedbackService) private readonly feedback: FeedbackService,
    @Inject(ChangeService) private readonly changes: ChangeService,
    @Inject(QueryService) private readonly queries: QueryService,
    @Inject(SchemaService) private readonly schema: SchemaService,
    @Inject(BACKENDS) private readonly backends: Backends,
  ) {}

  createCollection(
    request: gateway.CreateCollectionRequest,
    context: CallContext,
  ): Promise<gateway.CreateCollectionResponse> {
    return this.collections.create(by(context), request);
  }

  deleteCollection(
    request: gateway.DeleteCollectionRequest,
    context: CallContext,
  ): Promise<gateway.DeleteCollectionResponse> {
    return this.collections.delete(by(context), request.name);
  }

  listCollections(_: gateway.ListCollectionsRequest, context: CallContext): Promise<gateway.ListCollectionsResponse> {
    return this.collections.list(by(context));
  }

  getCollectionStatus(
    request: gateway.GetCollectionStatusRequest,
    context: CallContext,
  ): Promise<gateway.GetCollectionStatusResponse> {
    return this.collections.status(by(context), request.name);
  }

  updateCollection(
    request: gateway.UpdateCollectionRequest,
    context: CallContext,
  ): Promise<gateway.UpdateCollectionResponse> {
    return this.collections.update(by(context), request);
  }

  async upsert(request: ReturnType<typeof decodeUpsertRequest>, context: CallContext): Promise<gateway.UpsertResponse> {
    return this.points.upsert(by(context), request.collection, request.points.map(pointInput), request.origin, context);
  }

  async search(request: Packed<gateway.SearchRequest>, context: CallContext): Promise<SearchAnswer> {
    return this.searches.search(by(context), searchInput(request), context);
  }

  async *searchStream(request: Packed<gateway.SearchRequest>, context: CallContext): AsyncIterable<SearchAnswer> {
    yield* this.searches.searchStream(by(context), searchInput(request), context);
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

  async listPoints(request: gateway.ListPointsRequest, context: CallContext): Promise<gateway.ListPointsResponse> {
    const { points, nextCursor } = await this.points.list(by(context), request, context);
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

  async listIndexes(request: gateway.ListIndexesRequest, context: CallContext): Promise<gateway.ListIndexesResponse> {
    return this.schema.indexes(by(context), request.collection, context);
  }

  async createIndex(request: gateway.CreateIndexRequest, context: CallContext): Promise<gateway.CreateIndexResponse> {
    return this.schema.createIndex(by(context), request, context);
  }

  async deleteIndex(request: gateway.DeleteIndexRequest, context: CallContext): Promise<gateway.DeleteIndexResponse> {
    return this.schema.deleteIndex(by(context), request, context);
  }

  async listAliases(_: gateway.ListAliasesRequest, context: CallContext): Promise<gateway.ListAliasesResponse> {
    return this.schema.aliases(by(context));
  }

  async updateAliases(
    request: gateway.UpdateAliasesRequest,
    context: CallContext,
  ): Promise<gateway.UpdateAliasesResponse> {
    return this.schema.updateAliases(by(context), request);
  }

  async updateUserProfile(
    request: gateway.UpdateUserProfileRequest,
    context: CallContext,
  ): Promise<gateway.UpdateUserProfileResponse> {
    const { user } = await this.backends.auth.updateUserProfile(request, passedOn(context));
    return { user };
  }

  submitFeedback(
    request: gateway.SubmitFeedbackRequest,
    context: CallContext,
  ): Promise<gateway.SubmitFeedbackResponse> {
    return this.feedback.submit(by(context), request);
  }
}
