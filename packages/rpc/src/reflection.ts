import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { Metadata, Server, ServerDuplexStream } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { DESCRIPTOR_SET_BASE64 } from '@vectron/proto';
import type { HeldCall } from './server.js';
import { statusFromError } from './status.js';

type Authorize = (path: string, metadata: Metadata) => Promise<HeldCall | undefined>;

/** Reflection over `services` and the health service, for callers that `authorize` accepts, for as long as it does. */
export function publicReflection(services: string[], authorize: Authorize): { addToServer(server: Server): void } {
  const { file } = fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTOR_SET_BASE64, 'base64'));
  const fileDescriptorProtos = file.map((one) => Buffer.from(toBinary(FileDescriptorProtoSchema, one)));
  const reflection = new ReflectionService({ all: { fileDescriptorProtos } } as never, {
    services: [...services, 'grpc.health.v1.Health'],
  });
  return {
    addToServer(server) {
      // The service adds itself to anything that has addService: here, one that puts `authorize` in front.
      reflection.addToServer({
        addService: (
          def: never,
          implementation: Record<string, (call: ServerDuplexStream<unknown, unknown>) => void>,
        ) => {
          const guarded = Object.entries(implementation).map(([name, handle]) => [
            name,
            (call: ServerDuplexStream<unknown, unknown>) => {
              Promise.resolve()
                .then(() => authorize('/grpc.reflection', call.metadata))
                .then(
                  (held) => {
                    if (held !== undefined) endWith(call, held);
                    handle(call);
                  },
                  (error) => call.emit('error', statusFromError(error)),
                );
            },
          ]);
          server.addService(def, Object.fromEntries(guarded));
        },
      } as never);
    },
  };
}

function endWith(call: ServerDuplexStream<unknown, unknown>, held: HeldCall): void {
  held.signal.addEventListener('abort', () => call.emit('error', statusFromError(held.refusal)));
  // grpc-js says so at the end of every call.
  call.on('cancelled', () => held.release());
}
