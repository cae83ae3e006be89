import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { VectronError } from '@vectron/errors';
import { LogFlood, type Logger } from '@vectron/observability';
import { bearerToken } from './call-context.js';
import { plainAddress } from './connections.js';
import { bind } from './grpc-listener.js';
import { cannotListen } from './server.js';
import { serverContext, type TlsFiles } from './tls.js';

export interface MetricsListenerOptions {
  readonly host: string;
  /** 0 asks for a free port. */
  readonly port: number;
  /** File with the tokens that are taken, one a line. */
  readonly tokenFile: string;
  /** Missing: plain HTTP, for loopback alone. With an authority, clients show a certificate of it, too. */
  readonly tls?: TlsFiles;
  /** The metrics as of now, in the text format of Prometheus. */
  readonly text: () => Promise<string>;
  readonly logger: Logger;
}

export interface MetricsListener {
  /** `http(s)://host:port/metrics`. */
  readonly url: string;
  close(): Promise<void>;
}

const TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const MIN_TOKEN = 32;
const OLDEST_TLS = 'TLSv1.3';
const WATCH_MS = 1_000;
/** Prometheus keeps one connection; several of them, and people who look, are few. */
const MAX_CONNECTIONS = 64;
/** Who takes longer over a request is cut off. What has no body is there at once. */
const REQUEST_MS = 5_000;
/** Longer than the usual time between two scrapes, so that a connection, and its TLS handshake, is used again. */
const KEEP_ALIVE_MS = 90_000;
const LIMITS: ServerOptions = {
  headersTimeout: REQUEST_MS,
  requestTimeout: REQUEST_MS,
  connectionsCheckingInterval: WATCH_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  maxHeaderSize: 8 << 10,
};

/**
 * Serves `GET /metrics` to who shows a token of the file (`authorization: Bearer TOKEN`), on every address, loopback too. Scrapes
 * that come at once share one answer. Throws INVALID_ARGUMENT for a file that holds no token of 32 characters or more.
 */
export async function serveMetrics(options: MetricsListenerOptions): Promise<MetricsListener> {
  const { host, port, tls, text, logger } = options;
  const tokens = new TokenFile(options.tokenFile, logger);
  const refused = new LogFlood();
  let asked: Promise<string> | undefined;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    // There is nothing to read in a request for metrics: a body would only keep the connection busy.
    if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
      response.setHeader('connection', 'close');
    }
    response.setHeader('cache-control', 'no-store');
    if (!tokens.has(bearerToken(request.headers.authorization))) {
      const address = plainAddress(request.socket.remoteAddress);
      const write = (line: object, count: number) => logger.warn({ ...line, count }, 'metrics refused: no valid token');
      refused.add('refused', 0, () => ({ address }), write);
      // Connections are few, and kept for those that have a token.
      response.writeHead(401, { 'www-authenticate': 'Bearer', connection: 'close' }).end();
      return;
    }
    const [path] = (request.url ?? '').split('?', 1);
    if (path !== '/metrics') return void response.writeHead(404).end();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
    }
    asked ??= text().finally(() => {
      asked = undefined;
    });
    const metrics = await asked;
    response.writeHead(200, { 'content-type': TYPE }).end(request.method === 'HEAD' ? undefined : metrics);
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch((err: unknown) => {
      logger.error({ err }, 'the metrics could not be read');
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  };
  const { server, end } =
    tls === undefined ? { server: createServer(LIMITS, listener), end() {} } : secure(tls, listener);
  server.maxConnections = MAX_CONNECTIONS;
  let address: string;
  try {
    address = await bind(server, host, port);
  } catch (error) {
    tokens.close();
    end();
    throw cannotListen(`${host}:${port}`, error);
  }
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${address}/metrics`,
    async close() {
      tokens.close();
      end();
      refused.tell();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function secure(files: TlsFiles, listener: (request: IncomingMessage, response: ServerResponse) => void) {
  const mutual = files.authority !== undefined;
  const read = serverContext(files, (context) => server.setSecureContext({ ...context, minVersion: OLDEST_TLS }));
  const server: TlsServer = createTlsServer(
    { ...LIMITS, ...read.current, minVersion: OLDEST_TLS, requestCert: mutual, rejectUnauthorized: mutual },
    listener,
  );
  return { server, end: () => read.close() };
}

/** The tokens of a file, one a line; read again when it changes. What cannot be used changes nothing. */
class TokenFile {
  #digests: readonly Buffer[];

  constructor(
    private readonly file: string,
    private readonly logger: Logger,
  ) {
    this.#digests = read(file);
    watchFile(file, { interval: WATCH_MS, persistent: false }, this.#look);
  }

  readonly #look = () => {
    try {
      this.#digests = read(this.file);
      this.logger.info({ file: this.file }, 'the tokens for the metrics were read again');
    } catch (err) {
      this.logger.error({ err, file: this.file }, 'the new tokens for the metrics cannot be used; the old ones stay');
    }
  };

  /** Compared by hash, each of them, in constant time. */
  has(token: string | undefined): boolean {
    if (token === undefined) return false;
    const shown = digest(token);
    let found = false;
    for (const one of this.#digests) found = timingSafeEqual(one, shown) || found;
    return found;
  }

  close(): void {
    unwatchFile(this.file, this.#look);
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest();

function read(file: string): Buffer[] {
  const tokens = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (tokens.length === 0 || tokens.some((token) => token.length < MIN_TOKEN || /\s/.test(token))) {
    const message = `${file} must hold tokens of ${MIN_TOKEN} characters or more without spaces, one a line`;
    throw VectronError.invalid('metrics-token-file', message);
  }
  return tokens.map(digest);
}
