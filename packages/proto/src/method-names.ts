import { CONTRACT } from './generated/contract.js';

/** A method of a public service by its path alone, with the types of its messages and without the code that encodes them. */
export interface NamedMethod<Request, Answer> {
  /** `/PACKAGE.SERVICE/METHOD`. */
  readonly path: string;
  /** Never there: what the messages are is known to the compiler alone. */
  readonly messages?: (request: Request) => Answer;
}

/** The methods of a generated service definition. */
export type NamedMethods<Service> = {
  readonly [Name in keyof Service]: Service[Name] extends {
    requestSerialize: (request: infer Request) => Buffer;
    responseDeserialize: (bytes: Buffer) => infer Answer;
  }
    ? NamedMethod<Request, Answer>
    : never;
};

/** `CreateAPIKey` is `createApiKey`, as ts-proto has it. */
const keyOf = (name: string): string => {
  const words = name.replace(/[A-Z]+(?=[A-Z][a-z]|$)/g, (capitals) => capitals[0] + capitals.slice(1).toLowerCase());
  return words.charAt(0).toLowerCase() + words.slice(1);
};

/**
 * The methods of the public service of that full name, each by its name in lowerCamelCase. `Service`: the type of its generated
 * definition, whose code is then not loaded: a client over REST has no use for the binary form of messages.
 */
export const methodsOf = <Service>(service: string): NamedMethods<Service> =>
  Object.fromEntries(
    (CONTRACT.services[service] ?? []).map(({ name, path }) => [keyOf(name), { path }]),
  ) as NamedMethods<Service>;
