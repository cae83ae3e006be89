import { execFileSync } from 'node:child_process';
import { request } from 'node:http';
import { CONTRACT, messageOf } from '@vectron/proto';
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
  const gateway = new VectronProcess([grpc], {}, [built.trim()]);
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
        const text = Buffer.concat(chunks).toString();
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

/** Full name of the message that answers `sent`; undefined when no route of the protos takes it. */
export function answerOf({ method, path }: JsonRequest): string | undefined {
  const [route] = path.split('?');
  const takes = ({ verb, path: template }: { verb: string; path: string }) =>
    verb === method && new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(route);
  return Object.values(CONTRACT.services)
    .flat()
    .find(({ http }) => http.some(takes))?.response;
}

const isEmpty = (value: unknown) =>
  value === '' ||
  value === '0' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && isEmptyObject(value));
const isEmptyObject = (value: object | null) => value === null || Object.keys(value).length === 0;

/**
 * What grpc-gateway prints of the message `name`, as Vectron's REST prints it. It differs on purpose: a message that is not
 * set is left out, where grpc-gateway prints null; and what proto/options says of a field (hidden, write_only, omit_empty,
 * document, exact) or of a message (a vector is a list).
 */
export function asRest(name: string, printed: unknown): unknown {
  if (name.startsWith('google.protobuf.')) return printed;
  const message = printed as Record<string, unknown>;
  const { form, fields } = messageOf(name);
  if (form === 'vector') return message.vector;
  const jsonOf = (field: string | undefined) => fields.find((one) => one.name === field)?.json ?? '';
  const shown: Record<string, unknown> = {};
  for (const { json, type, ref = '', list, key, rest } of fields) {
    const value = message[json];
    if (rest?.hidden || rest?.writeOnly || (rest?.omitEmpty && isEmpty(value))) continue;
    const exact = message[jsonOf(rest?.exact)];
    const document = message[jsonOf(rest?.document)];
    if (rest?.document !== undefined) shown[json] = document ?? {};
    else if (exact) shown[json] = JSON.parse(exact as string);
    else if (type !== 'message') shown[json] = value;
    else if (list) shown[json] = (value as unknown[]).map((one) => asRest(ref, one));
    else if (key !== undefined) {
      const entries = Object.entries(value as object).map(([at, one]) => [at, asRest(ref, one)]);
      shown[json] = Object.fromEntries(entries);
    } else if (value !== null) shown[json] = asRest(ref, value);
  }
  return Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
}

/** An error as Vectron prints it: fields of its details that are not set are left out. */
export const errorAsRest = (printed: unknown): unknown =>
  JSON.parse(JSON.stringify(printed), (name, value) =>
    value === null || (value === '' && name !== 'message') ? undefined : value,
  );

/** With the type alone of what belongs to the one call. */
export function settled(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(settled);
  if (typeof answer !== 'object' || answer === null) return answer;
  const entries = Object.entries(answer);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, OF_THE_CALL.includes(name) ? typeof value : settled(value)]),
  );
}
