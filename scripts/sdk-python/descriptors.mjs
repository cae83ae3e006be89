import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FieldOptionsSchema, FileDescriptorSetSchema, MessageOptionsSchema } from '@bufbuild/protobuf/wkt';

/** What messages need, each file after those that it imports; annotations are read when code is generated, and no client needs them. */
const KEPT = [
  'google/protobuf/any.proto',
  'google/protobuf/duration.proto',
  'google/protobuf/struct.proto',
  'google/rpc/status.proto',
  'auth/auth.proto',
  'apigateway/filter.proto',
  'apigateway/apigateway.proto',
  'admin/admin.proto',
];
const WIDTH = 120;

/** The descriptors of the public messages, without services, comments and annotations, as Python. */
export function descriptorsSource(set) {
  const { file } = fromBinary(FileDescriptorSetSchema, set);
  const kept = KEPT.map((name) => file.find((one) => one.name === name));
  for (const one of kept) strip(one);
  const bytes = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: kept }));
  const text = Buffer.from(bytes).toString('base64');
  const lines = text.match(new RegExp(`.{1,${WIDTH}}`, 'g')).map((line) => `    "${line}"\n`);
  return [
    '"""A google.protobuf.FileDescriptorSet of the public messages. Made from proto/ by scripts/sdk-python-protos.mjs."""\n',
    `\nDESCRIPTOR_SET_BASE64 = (\n${lines.join('')})\n`,
  ].join('');
}

function strip(file) {
  file.dependency = file.dependency.filter((name) => KEPT.includes(name));
  file.publicDependency = [];
  file.weakDependency = [];
  // What is not in use any more is a method of a service, which needs no descriptor.
  file.service = [];
  file.extension = [];
  file.options = undefined;
  file.sourceCodeInfo = undefined;
  file.messageType = file.messageType.filter(({ name }) => name !== 'GetMetricsRequest');
  for (const message of file.messageType) stripMessage(message);
  for (const { value } of file.enumType) for (const one of value) one.options = undefined;
}

function stripMessage(message) {
  const isEntry = message.options?.mapEntry === true;
  message.options = isEntry ? create(MessageOptionsSchema, { mapEntry: true }) : undefined;
  for (const field of message.field) {
    const packed = field.options?.packed === true;
    field.options = packed ? create(FieldOptionsSchema, { packed }) : undefined;
  }
  for (const nested of message.nestedType) stripMessage(nested);
}
