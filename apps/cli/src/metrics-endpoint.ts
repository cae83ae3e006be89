import { join } from 'node:path';
import { randomSecret, secretFile } from '@vectron/auth';
import { type ConfigOf, type metricsKnobs, setting } from '@vectron/config';
import { VectronError } from '@vectron/errors';
import type { Logger } from '@vectron/observability';
import { type MetricsListener, serveMetrics, type TlsFiles } from '@vectron/rpc';

/** How a process lets Prometheus read its metrics. */
export interface MetricsEndpoint {
  /** undefined: it does not. */
  readonly listen: setting.ListenAddress | undefined;
  /** File with the tokens that are taken; empty without a listener. */
  readonly tokenFile: string;
  readonly tls: TlsFiles | undefined;
}

/** From the settings. Throws INVALID_ARGUMENT where the metrics would leave this machine without TLS, and without a token. */
export async function metricsEndpoint(
  { metricsListen: listen, metricsTokenFile }: ConfigOf<typeof metricsKnobs>,
  data: string | undefined,
  tls: TlsFiles | undefined,
): Promise<MetricsEndpoint> {
  if (listen === undefined) return { listen, tokenFile: '', tls };
  if (tls === undefined && !setting.isLoopback(listen.host)) {
    throw VectronError.invalid(
      'metrics-listen',
      `metrics on ${listen.host} would leave this machine without encryption: a service of a cluster needs --cluster-tls-ca, --cluster-tls-cert and --cluster-tls-key for that, vectron serve --tls-cert and --tls-key; or use 127.0.0.1`,
    );
  }
  if (metricsTokenFile !== undefined) return { listen, tokenFile: metricsTokenFile, tls };
  if (data === undefined) {
    throw VectronError.invalid(
      'metrics-token-file',
      'set --metrics-token-file to the file with the token for the metrics',
    );
  }
  const tokenFile = join(data, 'secrets', 'metrics.token');
  await secretFile(tokenFile, randomSecret);
  return { listen, tokenFile, tls };
}

/** Begins to serve them, where that is asked for. */
export async function openMetrics(
  { listen, tokenFile, tls }: MetricsEndpoint,
  text: () => Promise<string>,
  logger: Logger,
): Promise<MetricsListener | undefined> {
  return listen && serveMetrics({ ...listen, tokenFile, tls, text, logger });
}
