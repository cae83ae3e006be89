import { Metadata } from '@grpc/grpc-js';
import type { CallContext } from '../call-context.js';
import type { Api, Def } from '../service.js';
import { abortSignalOf } from '../stop.js';
import type { PortMethod, PortPeer } from './port-peer.js';

/** What of a context travels between threads. Binary metadata does not: no service of the cluster takes any. */
interface WireContext {
  readonly metadata: readonly (readonly [string, string])[];
  readonly deadlineMs: number | undefined;
  readonly peer: string | undefined;
}

function wireContext({ metadata, deadlineMs, peer }: CallContext): WireContext {
  const pairs = Object.entries(metadata.getMap()).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  );
  return { metadata: pairs, deadlineMs, peer };
}

/** A service of another thread, as a client of `createClient` has it of another process. */
export function portApi<S extends Def>(def: S, peer: PortPeer, service: string): Api<S> {
  const api: Record<string, unknown> = {};
  for (const [name, method] of Object.entries(def)) {
    if (method.requestStream) continue;
    const to = `${service}.${name}`;
    const args = (request: unknown, context: CallContext) => [
      // Of its own: cloning part of a buffer would clone the whole pool that it is part of.
      new Uint8Array(method.requestSerialize(request)),
      wireContext(context),
    ];
    const decode = (bytes: unknown) => method.responseDeserialize(Buffer.from(bytes as Uint8Array));
    if (method.responseStream) {
      api[name] = async function* (request: unknown, context: CallContext) {
        for await (const bytes of peer.stream(to, args(request, context), context.signal)) yield decode(bytes);
      };
    } else {
      api[name] = async (request: unknown, context: CallContext) =>
        decode(await peer.call(to, args(request, context), context.signal));
    }
  }
  return api as Api<S>;
}

/** Lets the other thread call a service of this one; `after` is waited for before a call with one answer is answered. */
export function servePortApi<S extends Def>(
  def: S,
  peer: PortPeer,
  service: string,
  api: Api<S>,
  after: (method: string) => Promise<void> = async () => {},
): void {
  const methods: Record<string, PortMethod> = {};
  for (const [name, method] of Object.entries(def)) {
    if (method.requestStream) continue;
    const work = (api as Record<string, (request: unknown, context: CallContext) => unknown>)[name];
    if (work === undefined) throw new Error(`nobody serves ${method.path}`);
    const encode = (answer: unknown) => new Uint8Array(method.responseSerialize(answer));
    methods[name] = async ([bytes, wire], signal) => {
      const { metadata: pairs, deadlineMs, peer: address } = wire as WireContext;
      const metadata = new Metadata();
      for (const [key, value] of pairs) metadata.set(key, value);
      const own = method.responseStream ? abortSignalOf(signal) : signal;
      const context: CallContext = { metadata, deadlineMs, peer: address, signal: own };
      const given = work.call(api, method.requestDeserialize(Buffer.from(bytes as Uint8Array)), context);
      if (method.responseStream) return encoded(given as AsyncIterable<unknown>, encode);
      const answer = encode(await given);
      await after(name);
      return answer;
    };
  }
  peer.serve(service, methods);
}

async function* encoded(answers: AsyncIterable<unknown>, encode: (answer: unknown) => Uint8Array) {
  for await (const answer of answers) yield encode(answer);
}
