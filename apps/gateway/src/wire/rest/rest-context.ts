import type { Message } from '@vectron/model';
import type { MethodContract } from '@vectron/proto';
import type { CallContext, Metadata, Work } from '@vectron/rpc';
import { callContext, Stop, type StopSignal } from '@vectron/rpc';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../../edge/access.js';
import { addressOfRequest } from '../../edge/client-address.js';
import type { Hold } from '../../edge/hold.js';
import { authorizationOf } from './tokens.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the proto declares of the method behind a route. Routes without it are pages. */
    contract?: MethodContract;
    /** The message that a request of the route is. Throws INVALID_ARGUMENT. */
    read?: (request: AuthenticatedRequest) => Message;
  }
}

/** A request whose caller the edge has let in; public methods have none. */
export type AuthenticatedRequest = FastifyRequest & {
  principal?: Principal;
  hold?: Hold;
  /** The message that it was read as. */
  message?: object;
  /** Bytes of its body, unpacked; none: 0. */
  bodyBytes?: number;
  /** When it was there, milliseconds since 1970. */
  arrivedMs?: number;
  work?: Work;
  /** To be called when its body is there. */
  arrived?: () => void;
  /** Gives back its room and its hold, as far as it has them. */
  release?: () => void;
};

/** A REST call as a gRPC method sees it. Metadata and signal are made when somebody asks: most calls need neither. */
export class RestContext implements CallContext {
  principal?: unknown;
  #metadata: Metadata | undefined;
  #gone: Stop | undefined;

  constructor(
    private readonly request: AuthenticatedRequest,
    private readonly reply: FastifyReply,
  ) {
    this.principal = request.principal;
  }

  get metadata(): Metadata {
    this.#metadata ??= callContext({ authorization: authorizationOf(this.request.headers) }).metadata;
    return this.#metadata;
  }

  get arrivedMs(): number | undefined {
    return this.request.arrivedMs;
  }

  get work(): Work | undefined {
    return this.request.work;
  }

  get peer(): string {
    return addressOfRequest(this.request);
  }

  /** The caller is gone when its connection is, or when its token is not good any more. */
  get signal(): StopSignal {
    if (this.#gone === undefined) {
      const gone = new Stop();
      this.#gone = gone;
      this.reply.raw.once('close', () => this.reply.raw.writableFinished || gone.abort());
      const { hold } = this.request;
      hold?.signal.addEventListener('abort', () => gone.abort());
      if (hold?.signal.aborted) gone.abort();
    }
    return this.#gone;
  }
}
