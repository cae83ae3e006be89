import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that are worked on at once. */
const AT_ONCE = 8;
/** Requests of one connection that are open, those that wait for their turn included. */
const MOST = 64;

interface Pipeline {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * Requests that came on a connection before the answers to those in front of them ("pipelining", RFC 9112, 9.3.2). Node reads
 * whatever a packet holds, and calls for each request in it at once: some two thousand in 64 KiB. So few of them are worked
 * on at a time, others of the connection wait, and one that sends more than that without waiting for answers is to be ended.
 */
export class Pipelines {
  readonly #open = new WeakMap<Socket, Pipeline>();

  constructor(private readonly cut: (socket: Socket) => void) {}

  take(socket: Socket, response: ServerResponse, serve: () => void): void {
    // What was in the same packet as the request that was one too many.
    if (socket.destroyed) return;
    let pipeline = this.#open.get(socket);
    if (pipeline === undefined) {
      pipeline = { running: 0, waiting: [] };
      this.#open.set(socket, pipeline);
    }
    const { running, waiting } = pipeline;
    if (running + waiting.length >= MOST) {
      waiting.length = 0;
      this.cut(socket);
      return;
    }
    const start = () => this.#start(socket, pipeline, response, serve);
    if (running < AT_ONCE) start();
    else waiting.push(start);
  }

  #start(socket: Socket, pipeline: Pipeline, response: ServerResponse, serve: () => void): void {
    pipeline.running += 1;
    response.once('close', () => {
      pipeline.running -= 1;
      if (!socket.destroyed) pipeline.waiting.shift()?.();
    });
    serve();
  }
}
