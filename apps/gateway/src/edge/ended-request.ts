import type { MethodContract } from '@vectron/proto';
import type { Work } from '@vectron/rpc';
import type { Principal } from './access.js';

/** What a gateway knows of a request that has ended; what costs something is asked for when a line is written. */
export interface EndedRequest {
  readonly wire: 'rest' | 'grpc' | 'websocket';
  /** What was asked for, such as `Search`: the label `operation` of the metrics, on every wire. */
  readonly operation: string;
  /** undefined: no method of the contract. */
  readonly method: MethodContract | undefined;
  /** `OK`, or the error code. */
  readonly code: string;
  readonly seconds: number;
  readonly requestId: string;
  /** undefined: it is not known who called. */
  readonly principal: Principal | undefined;
  readonly work: Work | undefined;
  /** IP address of the caller. */
  readonly address: () => string;
  /** The request, as far as it was read. */
  readonly request: () => object | undefined;
}
