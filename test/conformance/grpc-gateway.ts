import { execFileSync } from 'node:child_process';
import { request } from 'node:http';
import { VectronProcess } from '../harness/process.js';

/** What is sent, as in vectors/proto3-json.json; `{side}` stands for the name of the side that it is sent to. */
export interface JsonRequest {
  method: string;
  /** Sent as it is: neither `..` nor escapes are resolved. */
  path: string;
  /** One of these three, or none. */
  body?: unknown;
  text?: string;
  base64?: string;
  headers?: Record<string, string>;
}
export interface JsonAnswer {
  status: number;
  /** `undefined` when it is not JSON. */
  body: unknown;
}

/** Starts the grpc-gateway of ./grpc-gateway in front of a gRPC port, building it first where that was not done. */
export async function startGrpcGateway(grpc: string): Promise<{ url: string; stop(): Promise<void> }> {
  const built = execFileSync(process.execPath, ['scripts/grpc-gateway.mjs'], { encoding: 'utf8' });
  const gateway = new VectronProcess([grpc], {}, built.trim());
  const [, url] = await gateway.until(/listening on (http:\S+)/);
  return { url, stop: () => gateway.stop() };
}

/** Sends a request to one side. `fetch` would tidy up the path first. */
export function send(url: string, side: string, sent: JsonRequest, token: string | undefined): Promise<JsonAnswer> {
  const own = (text: string) => text.replaceAll('{side}', side);
  const json = sent.body === undefined ? sent.text : JSON.stringify(sent.body);
  const body = sent.base64 === undefined ? json && Buffer.from(own(json)) : Buffer.from(sent.base64, 'base64');
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...sent.headers,
  };
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const call = request({ hostname, port, method: sent.method, path: own(sent.path), headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString().replaceAll(`-${side}`, '-{side}');
        resolve({ status: response.statusCode ?? 0, body: parsed(text) });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Values that differ from one call to the next, on the same side too. */
const OF_THE_CALL = ['writeToken', 'queryId', 'servedFrom', 'milliseconds', 'logIndex', 'appliedIndex', 'indexLag'];

/**
 * An answer of the grpc-gateway as Vectron's REST gives it. The differences are deliberate:
 * - a message that is not set is printed as null there, and left out here;
 * - a stored document is there three times, for clients of different ages; here it is the payload.
 */
export function asRest(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(asRest);
  if (typeof answer !== 'object' || answer === null) return answer;
  const { document, payloadJson, ...others } = answer as Record<string, unknown>;
  const kept = Object.entries(others).filter(([, value]) => value !== null);
  const form = Object.fromEntries(kept.map(([name, value]) => [name, asRest(value)]));
  return 'payload' in form ? { ...form, payload: document ?? {} } : form;
}

/** With the type alone of what belongs to the one call. */
export function settled(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(settled);
  if (typeof answer !== 'object' || answer === null) return answer;
  const entries = Object.entries(answer);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, OF_THE_CALL.includes(name) ? typeof value : settled(value)]),
  );
}
