import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { Server, ServerDuplexStream } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { DESCRIPTOR_SET_BASE64 } from '@vectron/proto';
import type { HeldCall } from './server.js';
import { statusFromError } from './status.js';

type Reflect = (call: ServerDuplexStream<unknown, unknown>, respond: unknown, principal: unknown) => void;

/**
 * Reflection over `services` and the health service. Who may use it is decided before a call gets here; `hold` says for how
 * long.
 */
export function publicReflection(
  services: string[],
  hold: (principal: unknown) => HeldCall | undefined,
): { addToServer(server: Server): void } {
  const { file } = fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTOR_SET_BASE64, 'base64'));
  const fileDescriptorProtos = file.map((one) => Buffer.from(toBinary(FileDescriptorProtoSchema, one)));
  const reflection = new ReflectionService({ all: { fileDescriptorProtos } } as never, {
    services: [...services, 'grpc.health.v1.Health'],
  });
  return {
    addToServer(server) {
      // The service adds itself to anything that has addService: here, one that holds each call on its caller.
      reflection.addToServer({
        addService: (def: never, implementation: Record<string, Reflect>) => {
          const held = Object.entries(implementation).map(([name, handle]): [string, Reflect] => [
            name,
            (call, respond, principal) => {
              const own = hold(principal);
              if (own !== undefined) endWith(call, own);
              handle(call, respond, principal);
            },
          ]);
          server.addService(def, Object.fromEntries(held) as never);
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
