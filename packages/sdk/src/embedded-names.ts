import { VectronError } from '@vectron/errors';
import { inCamelCase } from '@vectron/model';
import { CONTRACT } from '@vectron/proto';

const SERVICE = 'vectron.v1.VectronService';
let requests: readonly string[] | undefined;

/** `client`, whose errors name fields in lowerCamelCase, as those of a server do when its client is this package. */
export function namingInCamelCase<T extends object>(client: T): T {
  const prototype: object = Object.getPrototypeOf(client);
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const method: unknown = Reflect.get(prototype, name);
    if (typeof method !== 'function' || name === 'constructor') continue;
    const named = (...given: unknown[]): unknown => {
      try {
        const answer: unknown = method.apply(client, given);
        return answer instanceof Promise ? answer.catch((error: unknown) => fail(error, given)) : answer;
      } catch (error) {
        return fail(error, given);
      }
    };
    Object.defineProperty(client, name, { value: named, writable: true, configurable: true });
  }
  return client;
}

function fail(error: unknown, given: readonly unknown[]): never {
  if (!(error instanceof VectronError)) throw error;
  requests ??= CONTRACT.services[SERVICE].map(({ request }) => request);
  throw requests.reduce((named, name) => inCamelCase(named, name, () => given), error);
}
