import { Controller, Inject } from '@nestjs/common';
import type { gateway } from '@vectron/proto';
import { type Api, type CallContext, GrpcService } from '@vectron/rpc';
import { BACKENDS, type Backends } from '../../backends.js';
import { CollectionService } from '../../data/collection.service.js';
import { FeedbackService } from '../../data/feedback.service.js';
import { SchemaService } from '../../data/schema.service.js';
import type { Principal } from '../../edge/access.js';
import { passedOn } from './auth.grpc.controller.js';
import { collectionMethods } from './vectron-service.js';

const by = (context: CallContext) => context.principal as Principal;

/** vectron.v1: collections, their indexes and other names, and what people say of answers. */
@Controller()
@GrpcService(collectionMethods)
export class CollectionGrpcController implements Api<typeof collectionMethods> {
  constructor(
    @Inject(CollectionService) private readonly collections: CollectionService,
    @Inject(SchemaService) private readonly schema: SchemaService,
    @Inject(FeedbackService) private readonly feedback: FeedbackService,
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

  async listIndexes(request: gateway.ListIndexesRequest, context: CallContext): Promise<gateway.ListIndexesResponse> {
    return this.schema.indexes(by(context), request.collection, context);
  }

  async analyze(request: gateway.AnalyzeRequest, context: CallContext): Promise<gateway.AnalyzeResponse> {
    return this.schema.analyze(by(context), request, context);
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
