import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { ReflectionService } from '@grpc/reflection';
import { DESCRIPTOR_SET_BASE64 } from '@vectron/proto';

/** Reflection over `services` and the health service; who may use it is decided before a call gets here. */
export function publicReflection(services: string[]): ReflectionService {
  const { file } = fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTOR_SET_BASE64, 'base64'));
  const fileDescriptorProtos = file.map((one) => Buffer.from(toBinary(FileDescriptorProtoSchema, one)));
  return new ReflectionService({ all: { fileDescriptorProtos } } as never, {
    services: [...services, 'grpc.health.v1.Health'],
  });
}
