import { Agent, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import type { HttpAnswer, Send } from '@vectron/rest-client';

/** An idle connection is left before a server or a proxy leaves it, which a request could not be told of in time. */
const IDLE_MS = 4_000;

/**
 * Sends requests to the server at `url` (`http(s)://host:port[/path]`) over connections that are kept. Node's own client of
 * HTTP: `fetch` costs several times as much of the processor for a request, and of the start of a process. `ca`: PEM of the
 * authorities to trust; default: those of the system.
 */
export function httpSend(url: string, ca?: Buffer): { readonly send: Send; close(): void } {
  const { path: prefix = '/', ...target } = urlToHttpOptions(new URL(url));
  const isSecure = target.protocol === 'https:';
  const kept = { keepAlive: true, timeout: IDLE_MS };
  const agent = isSecure ? new SecureAgent({ ...kept, ca }) : new Agent(kept);
  const open = isSecure ? requestSecure : requestPlain;
  let running = 0;
  let isClosed = false;
  const done = () => {
    running -= 1;
    if (isClosed && running === 0) agent.destroy();
  };
  const send: Send = ({ method, path, headers, body, signal }) =>
    new Promise<HttpAnswer>((resolve, reject) => {
      running += 1;
      const whole = `${prefix === '/' ? '' : prefix}${path}`;
      const request = open({ ...target, agent, method, path: whole, headers, signal }, (answer) => {
        textOf(answer).then((text) => resolve(httpAnswer(answer, text)), reject);
      });
      request.on('error', reject);
      request.on('close', done);
      request.end(body);
    });
  return {
    send,
    /** Calls that are under way end as they would. */
    close() {
      isClosed = true;
      if (running === 0) agent.destroy();
    },
  };
}

const textOf = (answer: IncomingMessage) =>
  new Promise<string>((resolve, reject) => {
    let text = '';
    answer.setEncoding('utf8');
    answer.on('data', (part: string) => {
      text += part;
    });
    answer.on('end', () => resolve(text));
    answer.on('error', reject);
  });

const httpAnswer = ({ statusCode = 0, headers }: IncomingMessage, text: string): HttpAnswer => ({
  status: statusCode,
  headers: { get: (name) => headers[name]?.toString() ?? null },
  text,
});
