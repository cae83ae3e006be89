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
 * An error as google.rpc.Status: with ErrorInfo, whose reason is the code, BadRequest with the field, and RetryInfo with the time
 * after which a retry may help.
 */
export function rpcStatusOf(known: VectronError): Status {
  const { code, message, grpcStatus } = known;
  const details = { ...known.details, retryAfterMs: retryAfterOf(known) };
  const info = new Map(Object.entries(metadataOf(details)));
  const any = [detail('ErrorInfo', ErrorInfo.encode({ reason: code, domain: DOMAIN, metadata: info }).finish())];
  if (details.field !== undefined) {
    const violation = { field: details.field, description: message };
    any.push(detail('BadRequest', BadRequest.encode({ fieldViolations: [violation] }).finish()));
  }
  if (details.retryAfterMs !== undefined) {
    any.push(detail('RetryInfo', RetryInfo.encode({ retryDelay: durationOf(details.retryAfterMs) }).finish()));
  }
  return { code: grpcStatus, message, details: any };
}

/** The same as a gRPC status, which has that in its metadata. */
export function statusFromError(error: unknown): StatusObject {
  const known = toVectronError(error);
  const status = rpcStatusOf(known);
  const metadata = new Metadata();
  const retryAfterMs = retryAfterOf(known);
  // Clients with gRPC's own retries wait so long (gRFC A6).
  if (retryAfterMs !== undefined) metadata.set('grpc-retry-pushback-ms', String(retryAfterMs));
  metadata.set(DETAILS, Buffer.from(Status.encode(status).finish()));
  return { code: status.code, details: status.message, metadata };
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

/** Of the call, as the server logs it: in the headers of its answer, or in the trailers where there is nothing else. */
export const REQUEST_ID = 'x-request-id';

/** The error that {@link statusFromError} encoded. `requestId`: what the headers of the answer said, if there were any. */
export function errorFromStatus(error: ServiceError, requestId?: string): VectronError {
  const bytes = error.metadata?.get(DETAILS)[0];
  const { details } = bytes instanceof Buffer ? Status.decode(bytes) : { details: [] };
  const message = error.details || error.message;
  // A proxy may say it in the trailer alone.
  const pushback = Number(error.metadata?.get('grpc-retry-pushback-ms')[0] ?? Number.NaN);
  const id = requestId ?? error.metadata?.get(REQUEST_ID)[0]?.toString();
  return errorFromRpcStatus({ code: error.code, message, details }, pushback >= 0 ? pushback : undefined, id);
}

/** The error that {@link rpcStatusOf} made a message of. `otherwiseMs`: when to try again, where the status says nothing of it. */
export function errorFromRpcStatus(
  { code: number, message, details }: Status,
  otherwiseMs?: number,
  requestId?: string,
): VectronError {
  const name = BY_STATUS.get(number) ?? 'INTERNAL';
  let code = WITHOUT_DETAILS[name] ?? name;
  let field: string | undefined;
  let retryAfterMs: number | undefined;
  let rest: ErrorDetails = {};
  for (const detail of details) {
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
  const after = rest.retryAfterMs ?? retryAfterMs ?? otherwiseMs;
  return VectronError.fromWire(code, message, { ...rest, field, retryAfterMs: after, requestId });
}
