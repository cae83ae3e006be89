import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { type MethodDefinition, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { DESCRIPTOR_SET_BASE64 } from '@vectron/proto/descriptors';

type Def = Record<string, MethodDefinition<unknown, unknown>>;
type Handle = (call: Pick<ServerDuplexStream<unknown, unknown>, 'on' | 'write' | 'end'>) => void;

/** What answers a call of each version of reflection, by the name of its service; messages are bytes. */
export function reflectionAnswers(services: string[]): Map<string, (call: ServerDuplexStream<Buffer, Buffer>) => void> {
  const { file } = fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTOR_SET_BASE64, 'base64'));
  const fileDescriptorProtos = file.map((one) => Buffer.from(toBinary(FileDescriptorProtoSchema, one)));
  const reflection = new ReflectionService({ all: { fileDescriptorProtos } } as never, {
    services: [...services, 'grpc.health.v1.Health'],
  });
  const answers = new Map<string, (call: ServerDuplexStream<Buffer, Buffer>) => void>();
  // The library adds itself to anything that has addService.
  reflection.addToServer({
    addService(def: Def, implementation: Record<string, Handle>) {
      for (const [name, { path, requestDeserialize, responseSerialize }] of Object.entries(def)) {
        answers.set(path.split('/')[1], (call) =>
          implementation[name]({
            on(event: string, listener: (message?: unknown) => void) {
              return call.on(event, (bytes: Buffer) => {
                if (event !== 'data') return listener();
                let message: unknown;
                try {
                  message = requestDeserialize(bytes);
                } catch (cause) {
                  const details = `the request cannot be read: ${(cause as Error).message}`;
                  return void call.emit('error', { code: status.INVALID_ARGUMENT, details });
                }
                listener(message);
              });
            },
            write: (message: unknown) => call.write(responseSerialize(message)),
            end: () => call.end(),
          } as never),
        );
      }
    },
  } as never);
  return answers;
}
