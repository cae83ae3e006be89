import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { requireLoopback } from '../wire/loopback.mjs';

/**
 * A REST call on a connection of its own: `{ status, body }`. `at`: `{ host, port, authority? }`; `from`: the address that it
 * comes from. Rejects when there is no answer within `timeoutMs`.
 */
export function rest(at, method, path, { key, body, from, timeoutMs = 60_000, headers = {} } = {}) {
  requireLoopback(at.host);
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const make = at.authority === undefined ? httpRequest : httpsRequest;
    const asked = make({
      ...{ host: at.host, port: at.port, ca: at.authority, method, path, agent: false, localAddress: from },
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...headers,
      },
    });
    asked.once('error', reject);
    asked.once('response', async (response) => {
      try {
        response.setEncoding('utf8');
        let answer = '';
        for await (const part of response) answer += part;
        resolve({ status: response.statusCode, body: parsed(answer) });
      } catch (error) {
        reject(error);
      }
    });
    asked.end(text);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
