import { EventEmitter } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type Connected, type ConnectionLimits, Connections, type CutReason } from './connections.js';
import { bind } from './grpc-listener.js';

const CHECK_MS = 10_000;

/** A connection that was let in here, and is served by another thread. Emits `close` when it has ended there. */
export class HandedConnection extends EventEmitter implements Connected {
  readonly remoteAddress: string | undefined;
  /** Nothing is written here. */
  readonly bytesWritten = 0;
  readonly writableLength = 0;
  #ended = false;

  constructor(private readonly socket: Socket) {
    super();
    this.remoteAddress = socket.remoteAddress;
    socket.on('error', () => this.end());
  }

  get destroyed(): boolean {
    return this.#ended;
  }

  /**
   * Gives the connection up: the descriptor that `duplicate` makes of its own is whosoever gets it; undefined: its client has
   * gone. `end` is to be called when the connection has ended there.
   */
  give(duplicate: (fd: number) => number): number | undefined {
    const handle = (this.socket as unknown as { readonly _handle?: { readonly fd: number } | null })._handle;
    const fd = handle?.fd ?? -1;
    const given = fd < 0 ? undefined : duplicate(fd);
    this.socket.destroy();
    if (given === undefined) this.end();
    return given;
  }

  destroy(): void {
    this.socket.destroy();
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.emit('close');
  }
}

/**
 * Listens for servers in other threads: counts and limits the connections of all of them together, reads nothing of them, and
 * hands each to `hand`.
 */
export class SharedListener {
  readonly #server: Server;
  readonly #connections: Connections;
  readonly #checking: NodeJS.Timeout;

  constructor(
    limits: ConnectionLimits,
    hand: (connection: HandedConnection) => void,
    onCut?: (reason: CutReason, address: string) => void,
  ) {
    this.#connections = new Connections(limits, onCut);
    // Forgets addresses that have no connections any more.
    this.#checking = setInterval(() => this.#connections.check(Date.now()), CHECK_MS).unref();
    this.#server = createServer({ pauseOnConnect: true }, (socket) => {
      const connection = new HandedConnection(socket);
      this.#connections.accept(connection, () => hand(connection));
    });
  }

  /** Resolves to `host:port`; port 0 asks for a free one. */
  listen(host: string, port: number): Promise<string> {
    return bind(this.#server, host, port);
  }

  /** Connections that are open, here or in other threads. */
  get size(): number {
    return this.#connections.size;
  }

  /** A connection of the address was ended for what it did. */
  flooded(address: string): void {
    this.#connections.flooded(address);
  }

  /** No new connections; those that were handed on go on. */
  stop(): void {
    this.#server.close();
  }

  /** Ends what waits here to be handed on. */
  close(): void {
    this.stop();
    clearInterval(this.#checking);
    this.#connections.close();
  }
}
