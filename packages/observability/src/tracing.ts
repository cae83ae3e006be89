import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/** Whether spans are made at all: without an endpoint, tracing costs one look at this. */
let tracing = false;

/** What carries a W3C trace context: `traceparent`, `tracestate`. */
export type Carrier = Record<string, string | undefined>;

export interface TracingOptions {
  readonly service: string;
  /** URL that takes OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; undefined: no tracing. */
  readonly endpoint: string | undefined;
  /** Share of the requests that are traced, 0 to 1, unless their caller has decided. */
  readonly share: number;
}

/** Sends spans of this process to a collector until the returned function is called. */
export async function startTracing({ endpoint, ...options }: TracingOptions): Promise<() => Promise<void>> {
  if (endpoint === undefined || tracing) return async () => {};
  // Who does not trace does not load the parts that make and send spans.
  const { exportSpans } = await import('./span-export.js');
  const stop = exportSpans({ endpoint, ...options });
  tracing = true;
  return async () => {
    tracing = false;
    await stop();
    trace.disable();
    context.disable();
    propagation.disable();
  };
}

export const isTracing = (): boolean => tracing;

/** Runs `work` within a span below the one that is active, or below the caller's. */
export function inSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>, from?: Carrier): Promise<T> {
  if (!tracing) return work();
  const parent: Context = from === undefined ? context.active() : propagation.extract(context.active(), from);
  return trace.getTracer('vectron').startActiveSpan(name, { attributes }, parent, async (span: Span) => {
    try {
      return await work();
    } catch (error) {
      const code = (error as { code?: string }).code ?? 'INTERNAL';
      span.setAttribute('error.type', code);
      span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The active trace context for another process; empty when there is none. */
export function outgoingTrace(): Carrier {
  const carrier: Carrier = {};
  if (tracing) propagation.inject(context.active(), carrier);
  return carrier;
}

/** W3C trace id of the active span; empty without tracing. */
export const currentTraceId = (): string => (tracing ? (trace.getActiveSpan()?.spanContext().traceId ?? '') : '');
