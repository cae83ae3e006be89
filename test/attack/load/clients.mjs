/** The ways in which the normal user calls the server. Each throws for everything but a whole answer. */
import { once } from 'node:events';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { gateway } from '@vectron/proto';
import { connect } from '@vectron/sdk';
import { WebSocket } from 'ws';
import { rest } from '../campaign/rest.mjs';

const SERVICE = gateway.VectronServiceService;
const REQUESTS = { search: gateway.SearchRequest, listChanges: gateway.ListChangesRequest };

/** Points over REST with the SDK, by default without its retries: what is refused once is a failure. */
export function overRest({ http, authority }, key, timeoutMs, retries = 0) {
  const scheme = authority === undefined ? 'http' : 'https';
  return connect(`${scheme}://${http.host}:${http.port}`, { apiKey: key, retries, timeoutMs });
}

/** `call(method, request)` over gRPC; `patient`: a connection that is not there yet is waited for. */
export function overGrpc({ grpc, authority }, key, timeoutMs, patient = false) {
  const secured =
    authority === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(authority));
  const client = new Client(`${grpc.host}:${grpc.port}`, secured);
  const metadata = new Metadata({ waitForReady: patient });
  metadata.set('authorization', `Bearer ${key}`);
  return {
    call(method, request) {
      const { path, requestSerialize, responseDeserialize } = SERVICE[method];
      const options = { deadline: Date.now() + timeoutMs };
      const whole = REQUESTS[method].fromPartial(request);
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          ...[path, requestSerialize, responseDeserialize, whole, metadata, options],
          (error, answer) => (error ? reject(error) : resolve(answer)),
        );
      });
    },
    close: () => client.close(),
  };
}

/** Searches over one WebSocket, opened again when it was closed. */
export class SearchSocket {
  #socket;

  constructor({ http, authority }, collection, key, timeoutMs) {
    this.http = http;
    this.authority = authority;
    this.collection = collection;
    this.key = key;
    this.timeoutMs = timeoutMs;
  }

  async search(request) {
    const signal = AbortSignal.timeout(this.timeoutMs);
    const socket = await this.#open(signal);
    return new Promise((resolve, reject) => {
      const settle = (end, value) => {
        socket.off('message', hear);
        socket.off('close', closed);
        end(value);
      };
      const hear = (data) => {
        const { result, error, last } = JSON.parse(String(data));
        if (error) settle(reject, new Error(error.details?.[0]?.reason ?? error.message));
        else if (last) settle(resolve, result);
      };
      const closed = (code) => settle(reject, new Error(`the WebSocket was closed with ${code}`));
      socket.on('message', hear).once('close', closed);
      signal.addEventListener('abort', () => settle(reject, new Error('no answer over the WebSocket')), { once: true });
      socket.send(JSON.stringify(request));
    });
  }

  async #open(signal) {
    if (this.#socket?.readyState === WebSocket.OPEN) return this.#socket;
    const scheme = this.authority === undefined ? 'ws' : 'wss';
    const { host, port } = this.http;
    const socket = new WebSocket(`${scheme}://${host}:${port}/v1/collections/${this.collection}/points/search/stream`, {
      headers: { authorization: `Bearer ${this.key}` },
      ca: this.authority,
    });
    // What is awaited has it as well.
    socket.on('error', () => {});
    await once(socket, 'open', { signal });
    this.#socket = socket;
    return socket;
  }

  close() {
    this.#socket?.terminate();
  }
}

/** Logins and refreshes of one user, from the address that the user always comes from. */
export class Session {
  #refreshToken;

  constructor({ http, authority }, { email, password }, timeoutMs) {
    this.at = { ...http, authority };
    this.user = { email, password };
    this.timeoutMs = timeoutMs;
  }

  async login() {
    const { refreshToken } = await this.#post('/v1/users/login', this.user);
    this.#refreshToken = refreshToken;
  }

  /** The refresh token of a login or a refresh is good once: the next call takes the next one. */
  async refresh() {
    if (this.#refreshToken === undefined) await this.login();
    const refreshToken = this.#refreshToken;
    this.#refreshToken = undefined;
    this.#refreshToken = (await this.#post('/v1/auth/refresh', { refreshToken })).refreshToken;
  }

  async #post(path, body) {
    const { status, body: answer } = await rest(this.at, 'POST', path, { body, timeoutMs: this.timeoutMs });
    if (status !== 200) throw new Error(`${status} ${answer?.details?.[0]?.reason ?? ''}`.trim());
    return answer;
  }
}
