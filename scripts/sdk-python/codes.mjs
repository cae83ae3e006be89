import { commentOf, optionOf } from '../contract.mjs';
import { wrapped } from './python.mjs';

/** The error codes of proto/errors/errors.proto, as Python. */
export function codesSource(registry, comments) {
  const { values } = registry.getEnum('vectron.errors.v1.ErrorCode');
  const { values: statuses } = registry.getEnum('vectron.errors.v1.ErrorSpec.GrpcStatus');
  const codes = values.filter(({ number }) => number !== 0);
  const rows = codes.flatMap((value) => {
    const { grpc, http, retryable = false } = optionOf(registry, value, 'vectron.errors.v1.spec');
    const spec = `CodeSpec("${grpc}", ${http}, ${retryable ? 'True' : 'False'})`;
    return [...wrapped(commentOf(comments, value), '    # '), `    "${value.name}": ${spec},`];
  });
  return [
    '"""The one vocabulary of errors. Made from proto/errors/errors.proto by scripts/sdk-python-protos.mjs."""',
    '',
    'from typing import Final, Literal, NamedTuple',
    '',
    'ErrorCode = Literal[',
    ...codes.map(({ name }) => `    "${name}",`),
    ']',
    '',
    '# Numbers of gRPC statuses (github.com/grpc/grpc/blob/master/doc/statuscodes.md) and their names.',
    'GRPC_STATUS: Final[dict[int, str]] = {',
    ...statuses.map(({ name, number }) => `    ${number}: "${name}",`),
    '}',
    '',
    '',
    'class CodeSpec(NamedTuple):',
    '    """What a code means on each wire, and whether the same request may succeed later."""',
    '',
    '    grpc: str',
    '    http: int',
    '    retryable: bool',
    '',
    '',
    'ERROR_CODES: Final[dict[ErrorCode, CodeSpec]] = {',
    ...rows,
    '}',
    '',
  ].join('\n');
}
