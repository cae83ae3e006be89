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
  readonly onCut?: (reason: CutReason, address: string) => void;
}

const HANDSHAKE_MS = 10_000;

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

  constructor(
    private readonly options: ListenerOptions,
    private readonly inject: (socket: Socket) => void,
  ) {
    this.#connections = new Connections(options, options.onCut);
    this.watch = new CallWatch(this.#connections, options);
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#connections.accept(socket, () => this.#serve(socket));
    });
  }

  /** Resolves to the address that it listens on. */
  async listen(): Promise<string> {
    const { host, port, tls } = this.options;
    if (tls !== undefined) this.#startTls(tls);
    if (host.startsWith('unix:')) {
      const path = host.slice('unix:'.length);
      // A socket file of this user alone. One that a process left behind is in nobody's use: the data has a lock.
      rmSync(path, { force: true });
      await this.#bound({ path });
      chmodSync(path, 0o600);
      return host;
    }
    await this.#bound({ host, port });
    const bound = this.#server.address() as { port: number };
    return `${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
  }

  /** No new connections; those that are open go on. */
  stop(): void {
    this.#server.close();
    this.#context?.close();
  }

  /** Ends what is open. */
  close(): void {
    this.watch.close();
    this.#connections.close();
    this.#tls?.close();
  }

  #bound(at: { path: string } | { host: string; port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(at, () => {
        this.#server.off('error', reject);
        // Such as no more file descriptors: the next connection may be luckier.
        this.#server.on('error', () => {});
        resolve();
      });
    });
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
