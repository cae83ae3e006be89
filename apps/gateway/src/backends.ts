import type { auth, authInternal, placement, reranker } from '@vectron/proto';
import type { WorkerClient } from '@vectron/routing';
import type { Api } from '@vectron/rpc';

/** The services behind the gateway; each is a controller of this process or a client of another one. */
export interface Backends {
  readonly auth: Api<typeof auth.AuthServiceService>;
  readonly authInternal: Api<typeof authInternal.AuthInternalServiceService>;
  readonly placement: Api<typeof placement.PlacementServiceService>;
  readonly reranker: Api<typeof reranker.RerankServiceService>;
  readonly workers: WorkerClient;
}
export const BACKENDS = Symbol('Backends');
export const CONFIG = Symbol('GatewayConfig');
export const METRICS = Symbol('Metrics');
export const LOGGER = Symbol('Logger');
export const REDIS = Symbol('Redis');
