import { VectronError } from '@vectron/errors';
import { messageOf } from '@vectron/proto';

/** Names in snake_case; a part of a longer one is none. */
const SNAKE = /(?<![\w-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w-])/g;

const known = new Map<string, ReadonlyMap<string, string>>();

/**
 * `error`, of a request of the message `name`, for a caller who writes fields in lowerCamelCase: in JSON and in TypeScript. Inside of
 * Vectron, errors have the names of the proto. Only names of fields that the message has are changed, and none that occurs in what
 * the caller sent: keys of payloads, names of collections and vectors, and fields that the caller wrote in snake_case stay. `sent`
 * gives that, of any type; it is called when there is a name to change.
 */
export function inCamelCase(error: VectronError, name: string, sent: () => unknown): VectronError {
  const { code, details, message, cause } = error;
  const names = namesOf(name);
  let given: unknown;
  let isRead = false;
  const isGiven = (snake: string) => {
    if (!isRead) given = sent();
    isRead = true;
    return holds(given, snake);
  };
  const renamed = (text: string) =>
    text.replace(SNAKE, (snake) => {
      const camel = names.get(snake);
      return camel === undefined || isGiven(snake) ? snake : camel;
    });
  const field = details.field === undefined ? undefined : renamed(details.field);
  const text = renamed(message);
  if (text === message && field === details.field) return error;
  return new VectronError(code, text, { cause, details: { ...details, ...(field !== undefined && { field }) } });
}

/** Names of the fields of a message and of all messages in it, in snake_case, with what JSON calls them. */
function namesOf(root: string): ReadonlyMap<string, string> {
  const before = known.get(root);
  if (before !== undefined) return before;
  const names = new Map<string, string>();
  const seen = new Set<string>();
  const look = (message: string) => {
    if (seen.has(message) || message.startsWith('google.')) return;
    seen.add(message);
    for (const { name, json, type, ref = '' } of messageOf(message).fields) {
      if (name !== json) names.set(name, json);
      if (type === 'message') look(ref);
    }
  };
  look(root);
  known.set(root, names);
  return names;
}

/** Whether a word occurs in a text or a key of what was sent. Lists of numbers, of which most of a request is, are passed over. */
function holds(value: unknown, word: string): boolean {
  if (typeof value === 'string') return value.includes(word);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  if (Array.isArray(value)) return typeof value[0] !== 'number' && value.some((one) => holds(one, word));
  if (value instanceof Map) return holds([...value.keys()], word) || holds([...value.values()], word);
  return Object.entries(value).some(([key, one]) => key.includes(word) || holds(one, word));
}
