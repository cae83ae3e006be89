import { Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import {
  detailsOf,
  type ErrorDetails,
  GRPC_STATUS,
  metadataOf,
  retryAfterOf,
  toVectronError,
  VectronError,
} from '@vectron/errors';
import { BadRequest, ErrorInfo, RetryInfo, Status } from '@vectron/proto';

const DETAILS = 'grpc-status-details-bin';
const DOMAIN = 'vectron';
const TYPE = 'type.googleapis.com/google.rpc.';

/**
 * gRPC status with google.rpc.Status details: ErrorInfo with the code as reason, BadRequest with the field, RetryInfo with
 * the time after which a retry may help.
 */
export function statusFromError(error: unknown): StatusObject {
  const known = toVectronError(error);
  const { code, message, grpcStatus } = known;
  const details = { ...known.details, retryAfterMs: retryAfterOf(known) };
  const info = new Map(Object.entries(metadataOf(details)));
  const any = [detail('ErrorInfo', ErrorInfo.encode({ reason: code, domain: DOMAIN, metadata: info }).finish())];
  if (details.field !== undefined) {
    const violation = { field: details.field, description: message };
    any.push(detail('BadRequest', BadRequest.encode({ fieldViolations: [violation] }).finish()));
  }
  const metadata = new Metadata();
  if (details.retryAfterMs !== undefined) {
    any.push(detail('RetryInfo', RetryInfo.encode({ retryDelay: durationOf(details.retryAfterMs) }).finish()));
    // Clients with gRPC's own retries wait so long (gRFC A6).
    metadata.set('grpc-retry-pushback-ms', String(details.retryAfterMs));
  }
  metadata.set(DETAILS, Buffer.from(Status.encode({ code: grpcStatus, message, details: any }).finish()));
  return { code: grpcStatus, details: message, metadata };
}

function detail(name: string, value: Uint8Array) {
  return { typeUrl: TYPE + name, value: Buffer.from(value) };
}

const durationOf = (ms: number) => ({ seconds: BigInt(Math.floor(ms / 1_000)), nanos: (ms % 1_000) * 1_000_000 });

const BY_STATUS = new Map<number, string>(Object.entries(GRPC_STATUS).map(([name, number]) => [number, name]));
/** Codes of this vocabulary for a status that came without details, from a proxy or from grpc-js itself. */
const WITHOUT_DETAILS: Record<string, string> = {
  RESOURCE_EXHAUSTED: 'OVERLOADED',
  FAILED_PRECONDITION: 'CONFLICT',
  DATA_LOSS: 'DATA_DAMAGED',
};

/** The error that {@link statusFromError} encoded. */
export function errorFromStatus(error: ServiceError): VectronError {
  const name = BY_STATUS.get(error.code) ?? 'INTERNAL';
  let code = WITHOUT_DETAILS[name] ?? name;
  let field: string | undefined;
  let retryAfterMs: number | undefined;
  let rest: ErrorDetails = {};
  const bytes = error.metadata?.get(DETAILS)[0];
  if (bytes instanceof Buffer) {
    for (const detail of Status.decode(bytes).details) {
      if (detail.typeUrl === `${TYPE}ErrorInfo`) {
        const info = ErrorInfo.decode(detail.value);
        code = info.reason;
        rest = detailsOf(Object.fromEntries(info.metadata));
      } else if (detail.typeUrl === `${TYPE}BadRequest`) {
        field = BadRequest.decode(detail.value).fieldViolations[0]?.field;
      } else if (detail.typeUrl === `${TYPE}RetryInfo`) {
        const { seconds = 0n, nanos = 0 } = RetryInfo.decode(detail.value).retryDelay ?? {};
        retryAfterMs = Number(seconds) * 1_000 + Math.ceil(nanos / 1_000_000);
      }
    }
  }
  // A proxy may say it in the trailer alone.
  const pushback = Number(error.metadata?.get('grpc-retry-pushback-ms')[0] ?? Number.NaN);
  const after = rest.retryAfterMs ?? retryAfterMs ?? (pushback >= 0 ? pushback : undefined);
  return VectronError.fromWire(code, error.details || error.message, { ...rest, field, retryAfterMs: after });
}
