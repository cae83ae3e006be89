import { VectronError } from '@vectron/errors';
import type { CallContext } from './call-context.js';
import { type ClientOptions, createClient, type GrpcClient } from './client.js';
import type { Api, Def } from './service.js';

/** One API of several equal servers. */
export interface FailoverClient<S> {
  readonly api: Api<S>;
  /** One client a server, for what each of them must be told. */
  readonly each: readonly Api<S>[];
  close(): void;
}

/**
 * A client of servers any of which can answer: calls go to the one that answered last; one that is UNAVAILABLE is passed
 * over, and the call made at the next. A server stream that breaks ends for its caller, who calls again.
 */
export function createFailoverClient<S extends Def>(
  def: S,
  addresses: readonly string[],
  options: ClientOptions = {},
): FailoverClient<S> {
  const clients: GrpcClient<S>[] = addresses.map((address) =>
    createClient(def, address, { ...options, service: `${options.service ?? 'service'} ${address}` }),
  );
  type Call = (request: unknown, context: CallContext) => unknown;
  const calls = (at: number) => clients[at].api as Record<string, Call>;
  let current = 0;
  /** Whoever fails is left, unless another call has left it meanwhile. */
  const leave = (at: number, error: unknown) => {
    const away = error instanceof VectronError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED');
    if (away && current === at) current = (at + 1) % clients.length;
    return away && error.code === 'UNAVAILABLE';
  };
  const api: Record<string, Call> = {};
  for (const [name, { requestStream, responseStream }] of Object.entries(def)) {
    if (requestStream) continue;
    api[name] = responseStream
      ? async function* (request, context) {
          const at = current;
          try {
            yield* calls(at)[name](request, context) as AsyncIterable<unknown>;
          } catch (error) {
            leave(at, error);
            throw error;
          }
        }
      : async (request, context) => {
          for (let attempt = 1; ; attempt++) {
            const at = current;
            try {
              return await calls(at)[name](request, context);
            } catch (error) {
              if (!leave(at, error) || attempt >= clients.length) throw error;
            }
          }
        };
  }
  return {
    api: api as Api<S>,
    each: clients.map((client) => client.api),
    close: () => {
      for (const client of clients) client.close();
    },
  };
}
