import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { toVectronError, VectronError } from '@vectron/errors';
import { jsonBytes } from './answer.js';
import { errorBody } from './errors.js';
import { exactOut } from './exact-numbers.js';
import type { CallContext } from './tool.js';
import { describe } from './tools/collections.js';

const SCHEME = 'vectron://collections/';
/** Of the protocol: a resource that is not there. */
const RESOURCE_NOT_FOUND = -32_002;

export const TEMPLATE = {
  uriTemplate: `${SCHEME}{name}`,
  name: 'collection',
  title: 'A collection',
  description: 'What a collection holds and how it can be searched, as describe_collection says it.',
  mimeType: 'application/json',
};

/** A page of the collections as resources; the cursor is the name that it begins behind. */
export async function listResources({ scope, client, maxBytes }: CallContext, cursor: string | undefined) {
  const behind = (await scope.list(client)).filter(({ name }) => cursor === undefined || name > cursor);
  const resources = [];
  let room = maxBytes;
  for (const { name, points, dimension, distance } of behind) {
    const description = `${points} points, ${dimension} dimensions, ${distance}`;
    const uri = SCHEME + encodeURIComponent(name);
    const resource = { uri, name, description, mimeType: TEMPLATE.mimeType };
    room -= jsonBytes(resource) + 1;
    if (room < 0) return { resources, nextCursor: behind[resources.length - 1].name };
    resources.push(resource);
  }
  return { resources };
}

export async function readResource({ scope, client, maxBytes }: CallContext, uri: string) {
  const name = collectionOf(uri);
  scope.check(name);
  const text = JSON.stringify(exactOut(await describe(client.collection(name), maxBytes)));
  return { contents: [{ uri, mimeType: TEMPLATE.mimeType, text }] };
}

function collectionOf(uri: string): string {
  try {
    if (uri.startsWith(SCHEME)) return decodeURIComponent(uri.slice(SCHEME.length));
  } catch {
    // No name is written like this.
  }
  throw new VectronError(
    'COLLECTION_NOT_FOUND',
    `there is no such resource; resources have the form ${TEMPLATE.uriTemplate}`,
  );
}

/** A failure as the protocol has it, with what `errorBody` says in `data`. */
export function protocolError(cause: unknown): McpError {
  const error = toVectronError(cause);
  const code = error.code === 'COLLECTION_NOT_FOUND' ? RESOURCE_NOT_FOUND : ErrorCode.InternalError;
  return new McpError(code, `${error.code}: ${error.message}`, errorBody(error));
}
