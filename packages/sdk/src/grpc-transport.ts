import { VectronError } from '@vectron/errors';
import { inCamelCase } from '@vectron/model';
import { admin, auth, gateway, type MethodContract, methodOf } from '@vectron/proto';
import {
  type CallContext,
  callContext,
  createClient,
  type Def,
  errorFromRpcStatus,
  errorFromStatus,
  openDuplex,
} from '@vectron/rpc';
import type { Transport } from './transport.js';

const SERVICES = [gateway.VectronServiceService, auth.AuthServiceService, admin.AdminServiceService];
/** The methods of all services by their paths: one channel serves them. */
const METHODS: Def = Object.fromEntries(
  SERVICES.flatMap((service) => Object.values(service)).map((method) => [method.path, method]),
);

type Send = (request: unknown, context: CallContext) => Promise<never>;

/** gRPC to the server at `address` (`host:port`); with `authorities`, over TLS. */
export function grpcTransport(
  address: string,
  apiKey: string | undefined,
  defaultMs: number,
  authorities?: Buffer | 'system',
): Transport {
  const connected = () => createClient(METHODS, address, { authorities, ownConnections: true });
  let client = connected();
  let isClosed = false;
  /**
   * A client that is not waiting to connect again: a server that was away may be back, and whoever calls has waited by then. One that
   * could not connect carries nothing that would be lost.
   */
  const ready = () => {
    if (!isClosed && client.isUnreachable()) {
      client.close();
      client = connected();
    }
    return client;
  };
  const authorization = apiKey === undefined ? undefined : `Bearer ${apiKey}`;
  return {
    async call({ path }, request, { waitMs = 0, timeoutMs = defaultMs + waitMs, signal } = {}) {
      if (signal?.aborted) throw new VectronError('CANCELLED', 'the call was cancelled');
      const context = { ...callContext({ authorization, timeoutMs }), signal };
      return (ready().api[path] as Send)(request, context).catch((error: unknown) => {
        const { request: name } = methodOf(path) as MethodContract;
        throw error instanceof VectronError ? inCamelCase(error, name, () => request) : error;
      });
    },
    async openDuplex({ path }, { answer, ended }) {
      const call = openDuplex(ready(), METHODS[path], callContext({ authorization }));
      call.on('data', answer);
      let isOver = false;
      const end = (error?: VectronError) => {
        if (isOver) return;
        isOver = true;
        ended(error);
      };
      call.on('error', (error) => end(errorFromStatus(error as never)));
      call.on('end', () => setImmediate(end));
      return {
        write: (request) => void call.write(request),
        end: () => void call.end(),
        cancel: () => call.cancel(),
        errorOf: errorFromRpcStatus,
      };
    },
    close() {
      isClosed = true;
      client.close();
    },
  };
}
