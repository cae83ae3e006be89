import { Inject, Injectable } from '@nestjs/common';
import { toVectronError, VectronError } from '@vectron/errors';
import type { auth, authInternal } from '@vectron/proto';
import { type CallContext, callContext } from '@vectron/rpc';
import { BACKENDS, type Backends } from '../backends.js';
import { RouteTable } from '../shards/routes.js';

const TIMEOUT_MS = 15_000;

/** DeleteUser of the own account and RemoveUser of another one in one form; `heir` is an id or an e-mail address, or empty. */
export interface DeletionRequest {
  /** Empty: the caller's own account. */
  readonly userId: string;
  /** Of the caller's own account. */
  readonly password: string;
  readonly heir: string;
  readonly deleteCollections: boolean;
}

type Outcome = auth.RemoveUserResponse;

/**
 * Deletes an account together with what becomes of the collections of its tenant. The auth service fences the account, the
 * collections are kept, handed over or deleted here, and then the account is deleted. What fails in between is undone as far
 * as the account goes, so that the call can be made again; after a crash the account stays fenced, and an administrator's
 * RemoveUser goes on where it stopped.
 */
@Injectable()
export class UserDeletion {
  constructor(
    @Inject(BACKENDS) private readonly backends: Backends,
    @Inject(RouteTable) private readonly routes: RouteTable,
  ) {}

  /** `context`: the caller's own token. */
  async run(request: DeletionRequest, context: CallContext): Promise<Outcome> {
    const { userId, password, heir } = request;
    const begun = await this.backends.authInternal.beginUserDeletion({ userId, password, heir }, context);
    try {
      const collections = await this.#collections(begun, request);
      const { deletedKeys } = await this.#finish(begun.userId, false);
      return { ...collections, deletedKeys };
    } catch (error) {
      const known = toVectronError(error);
      try {
        await this.#finish(begun.userId, true);
      } catch (cause) {
        throw new VectronError(
          known.code,
          `${known.message}; the account ${begun.userId} stays disabled until an administrator deletes or enables it`,
          { cause, details: known.details },
        );
      }
      throw error;
    }
  }

  #finish(userId: string, undo: boolean): Promise<authInternal.FinishUserDeletionResponse> {
    return this.backends.authInternal.finishUserDeletion({ userId, undo }, timed());
  }

  async #collections(
    { tenantId, lastOfTenant, heirTenantId }: authInternal.BeginUserDeletionResponse,
    { heir, deleteCollections }: DeletionRequest,
  ): Promise<Omit<Outcome, 'deletedKeys'>> {
    const none = { deletedCollections: [], handedCollections: [], keptCollections: [] };
    const names = await this.#namesOf(tenantId);
    if (!lastOfTenant) return { ...none, keptCollections: names };
    if (names.length === 0) return none;
    if ((heir !== '') === deleteCollections) {
      throw new VectronError(
        'FAILED_PRECONDITION',
        `this is the last account of its tenant, which has ${names.length} ${names.length === 1 ? 'collection' : 'collections'}: send either heir or delete_collections`,
        { details: { field: 'heir' } },
      );
    }
    if (heir !== '') return { ...none, handedCollections: await this.#hand(tenantId, heirTenantId) };
    return { ...none, deletedCollections: await this.#delete(tenantId, names) };
  }

  async #namesOf(tenantId: string): Promise<string[]> {
    const { collections } = await this.backends.placement.listCollections({ tenantId }, timed());
    return collections.map(({ name }) => name);
  }

  async #hand(fromTenantId: string, toTenantId: string): Promise<string[]> {
    const { collections } = await this.backends.placement.transferCollections({ fromTenantId, toTenantId }, timed());
    for (const name of collections) {
      this.routes.forget(fromTenantId, name);
      this.routes.forget(toTenantId, name);
    }
    return collections;
  }

  /** One that a gateway made for the account before it heard of the fence is deleted as well. */
  async #delete(tenantId: string, names: readonly string[]): Promise<string[]> {
    const deleted: string[] = [];
    for (let left = names; left.length > 0; left = await this.#namesOf(tenantId)) {
      for (const name of left) {
        try {
          await this.backends.placement.deleteCollection({ tenantId, name, collectionId: '' }, timed());
        } catch (error) {
          const { code, message } = toVectronError(error);
          if (code === 'COLLECTION_NOT_FOUND') continue;
          throw new VectronError(
            code,
            `${message} (deleting collection ${name}; ${deleted.length} of ${names.length} are deleted, the account is not; call again)`,
            { cause: error },
          );
        }
        this.routes.forget(tenantId, name);
        deleted.push(name);
      }
    }
    return deleted;
  }
}

const timed = () => callContext({ timeoutMs: TIMEOUT_MS });
