import { VectronError } from '@vectron/errors';
import { escapeControls } from '@vectron/model';

/** Faults of servers, whose texts may come from a library or from another machine; others speak of the request. */
const FAULTS = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'INTERNAL',
  'DATA_LOSS',
  'UNKNOWN',
  'ABORTED',
  'CANCELLED',
]);
/** What grpc-js, Node, etcd and operating systems say of connections and files. */
const FOREIGN =
  /No connection established|Connection dropped|Received RST_STREAM|failed to connect|Name resolution|LB pick|[Dd]eadline exceeded after|socket hang up|(?:^|[^A-Z])E[A-Z]{4,}(?:$|[^A-Z])|os error|etcd/;
const ADDRESS =
  /\b(?:unix|dns|ipv[46]|https?):\S+|\[[0-9a-fA-F:.]+\](?::\d+)?|\b(?:\d{1,3}\.){3}\d{1,3}\b(?::\d+)?|\b[\w-]+(?:\.[\w-]+)*:\d{2,5}\b/g;
const PATH = /(?<![\w/])(?:\/[\w.@-]+){2,}\/?/g;

/**
 * An error as a client may see it: of a server's fault, no host names, ports and file paths of the cluster, and no text of
 * a library. The error itself when there is none of these; whoever replaces it writes it to the log, with the id of the
 * request.
 */
export function forClients(error: VectronError): VectronError {
  const { code, details, spec } = error;
  if (!FAULTS.has(spec.grpc)) return error;
  const message = FOREIGN.test(error.message) ? insteadOf(spec.grpc) : withoutPlaces(error.message);
  return message === error.message ? error : new VectronError(code, message, { cause: error, details });
}

const withoutPlaces = (text: string) =>
  escapeControls(text.replaceAll(ADDRESS, '(an address)').replaceAll(PATH, '(a file)'));

function insteadOf(grpc: string): string {
  if (grpc === 'UNAVAILABLE') return 'a service of the cluster cannot be reached; try again in a moment';
  if (grpc === 'DEADLINE_EXCEEDED') return 'a service of the cluster did not answer in time';
  if (grpc === 'CANCELLED') return 'the request was cancelled';
  return 'a service of the cluster failed; its log says why, under the id of this request';
}
