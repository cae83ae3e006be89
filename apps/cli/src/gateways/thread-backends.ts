import type { Backends } from '@vectron/gateway';
import { auth, authInternal, placement, reranker } from '@vectron/proto';
import { type PortPeer, portApi, servePortApi } from '@vectron/rpc';

/** What a gateway's thread runs first. */
export const threadEntry = new URL('./thread-main.js', import.meta.url);

type LocalBackends = Omit<Backends, 'workers'>;

/** Methods that only look: nothing has to be heard by other gateways before they are answered. */
const LOOKS = /^(?:get|list|watch|validate|authenticate|ping$|stats$|rerank$|openAudit|anchorAudit)/;

/** Lets a gateway in another thread call the services of this one. */
export function serveBackends(peer: PortPeer, backends: LocalBackends, settle: () => Promise<void>): void {
  const after = async (method: string) => {
    if (!LOOKS.test(method)) await settle();
  };
  servePortApi(auth.AuthServiceService, peer, 'auth', backends.auth, after);
  servePortApi(authInternal.AuthInternalServiceService, peer, 'auth-internal', backends.authInternal, after);
  servePortApi(placement.PlacementServiceService, peer, 'placement', backends.placement, after);
  servePortApi(reranker.RerankServiceService, peer, 'reranker', backends.reranker, after);
}

/** Those services, in that thread. */
export function backendsBehind(peer: PortPeer): LocalBackends {
  return {
    auth: portApi(auth.AuthServiceService, peer, 'auth'),
    authInternal: portApi(authInternal.AuthInternalServiceService, peer, 'auth-internal'),
    placement: portApi(placement.PlacementServiceService, peer, 'placement'),
    reranker: portApi(reranker.RerankServiceService, peer, 'reranker'),
  };
}
