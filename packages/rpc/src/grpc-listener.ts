import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { type CallLimits, CallWatch } from './call-watch.js';
import { type ConnectionLimits, Connections, type CutReason } from './connections.js';
import { serverContext, type ServerContext as TlsContext, type TlsFiles } from './tls.js';

export interface ListenerOptions extends ConnectionLimits, CallLimits {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsFiles;
  /** It listens nowhere: connections come through `accept`, from another thread that listens. */
  readonly handed?: boolean;
  readonly onCut?: (reason: CutReason, address: string) => void;
}

const HANDSHAKE_MS = 10_000;

const addressOf = (host: string, port: number) => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Makes a server listen; resolves to `host:port` or `unix:path`. */
export async function bind(server: Server, host: string, port: number): Promise<string> {
  if (host.startsWith('unix:')) {
    const path = host.slice('unix:'.length);
    // A socket file of this user alone. One that a process left behind is in nobody's use: the data has a lock.
    rmSync(path, { force: true });
    await bound(server, { path });
    chmodSync(path, 0o600);
    return host;
  }
  await bound(server, { host, port });
  return addressOf(host, (server.address() as { port: number }).port);
}

function bound(server: Server, at: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, () => {
      server.off('error', reject);
      // Such as no more file descriptors: the next connection may be luckier.
      server.on('error', () => {});
      resolve();
    });
  });
}

/**
 * The sockets in front of a gRPC server: it accepts, limits and watches connections, speaks TLS on them, and hands those
 * that are ready to HTTP/2. grpc-js would listen itself, and let nobody see a connection before its first call.
 */
export class GrpcListener {
  readonly watch: CallWatch;
  readonly #connections: Connections;
  readonly #server: Server;
  #tls: TlsServer | undefined;
  #context: TlsContext | undefined;
  #stopped = false;

  constructor(
    private readonly options: ListenerOptions,
    private readonly inject: (socket: Socket) => void,
  ) {
    this.#connections = new Connections(options, options.onCut);
    this.watch = new CallWatch(this.#connections, options);
    this.#server = createServer({ noDelay: true }, (socket) => this.accept(socket));
  }

  /** Serves a connection, as if it had come by itself. After `stop` it is ended. */
  accept(socket: Socket): void {
    if (this.#stopped) socket.destroy();
    else this.#connections.accept(socket, () => this.#serve(socket));
  }

  /** Resolves to the address that it listens on. */
  async listen(): Promise<string> {
    const { host, port, tls, handed } = this.options;
    if (tls !== undefined) this.#startTls(tls);
    return handed ? addressOf(host, port) : bind(this.#server, host, port);
  }

  /** No new connections; those that are open go on. */
  stop(): void {
    this.#stopped = true;
    this.#server.close();
    this.#context?.close();
  }

  /** Ends what is open. */
  close(): void {
    this.watch.close();
    this.#connections.close();
    this.#tls?.close();
  }

  #startTls(files: TlsFiles): void {
    const mutual = files.authority !== undefined;
    const context = serverContext(files, (changed) => this.#tls?.setSecureContext(changed));
    this.#context = context;
    this.#tls = createTlsServer({
      ...context.current,
      ALPNProtocols: ['h2'],
      handshakeTimeout: HANDSHAKE_MS,
      requestCert: mutual,
      rejectUnauthorized: mutual,
    });
    this.#tls.on('secureConnection', (socket) => {
      socket.on('error', () => {});
      this.#ready(socket);
    });
    this.#tls.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  #serve(socket: Socket): void {
    if (this.#tls === undefined) this.#ready(socket);
    else this.#tls.emit('connection', socket);
  }

  #ready(socket: Socket): void {
    this.watch.watch(socket);
    this.inject(socket);
  }
}
