import { inSpan, isTracing } from './tracing.js';

interface Headers {
  get(name: string): (string | Buffer)[];
}

/** A span for every gRPC call of a server, below the one of its caller (OpenTelemetry semantic conventions for RPC). */
export function grpcSpan<T>(path: string, call: { readonly metadata: Headers }, work: () => Promise<T>): Promise<T> {
  if (!isTracing()) return work();
  const [, service, method] = path.split('/');
  const of = (name: string) => call.metadata.get(name)[0]?.toString();
  const attributes = { 'rpc.system': 'grpc', 'rpc.service': service ?? '', 'rpc.method': method ?? '' };
  return inSpan(path.slice(1), attributes, work, { traceparent: of('traceparent'), tracestate: of('tracestate') });
}
