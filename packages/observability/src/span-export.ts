import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';

const EXPORT_MS = 1_000;

/**
 * Makes this process record spans, a `share` of 0 to 1 of its traces, and send them to the OTLP collector at the URL
 * `endpoint` every second. Returns what sends the last of them and stops.
 */
export function exportSpans({
  service,
  endpoint,
  share,
}: {
  service: string;
  endpoint: string;
  share: number;
}): () => Promise<void> {
  const exporter = new OTLPTraceExporter({ url: endpoint });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': `vectron-${service}` }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: EXPORT_MS })],
  });
  provider.register({ propagator: new W3CTraceContextPropagator() });
  return () => provider.shutdown();
}
