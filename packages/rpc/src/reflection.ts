import type { Server, ServerDuplexStream, ServiceDefinition } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import type { HeldCall } from './server.js';
import { statusFromError } from './status.js';

type ReflectionCall = ServerDuplexStream<Buffer, Buffer>;

const METHOD = 'ServerReflectionInfo';
const VERSIONS = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

/**
 * Reflection over `services` and the health service. Who may use it is decided before a call gets here; `hold` says for how
 * long. The descriptors and the library that tells of them are loaded by the first call: few servers are ever asked.
 */
export function publicReflection(
  services: string[],
  hold: (principal: unknown) => HeldCall | undefined,
): { addToServer(server: Server): void } {
  let loading: Promise<Map<string, (call: ReflectionCall) => void>> | undefined;
  const answer = async (version: string, call: ReflectionCall) => {
    loading ??= import('./reflection-answers.js').then(({ reflectionAnswers }) => reflectionAnswers(services));
    (await loading).get(version)?.(call);
  };
  return {
    addToServer(server) {
      for (const version of VERSIONS) {
        server.addService(undecoded(`/${version}/${METHOD}`), {
          [METHOD]: ((call: ReflectionCall, _respond: unknown, principal: unknown) => {
            const own = hold(principal);
            if (own !== undefined) endWith(call, own);
            answer(version, call).catch((cause: Error) =>
              call.emit('error', { code: status.INTERNAL, details: `reflection does not work: ${cause.message}` }),
            );
          }) as never,
        });
      }
    },
  };
}

/** The method without its messages, which the first call loads. */
function undecoded(path: string): ServiceDefinition {
  const same = (bytes: Buffer) => bytes;
  const codec = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  return { [METHOD]: { path, requestStream: true, responseStream: true, ...codec } };
}

function endWith(call: ReflectionCall, held: HeldCall): void {
  held.signal.addEventListener('abort', () => call.emit('error', statusFromError(held.refusal)));
  // grpc-js says so at the end of every call.
  call.on('cancelled', () => held.release());
}
