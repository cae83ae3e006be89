import type { MethodDefinition } from '@grpc/grpc-js';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { CallContext } from './call-context.js';

/** A service definition as ts-proto generates it. */
// biome-ignore lint/suspicious/noExplicitAny: method definitions vary in their message types
export type Def = Record<string, MethodDefinition<any, any> & Framing>;

/** What a definition may have beyond the generated ones. */
export interface Framing {
  /** As `responseSerialize`, with the prefix that gRPC has in front of a message. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly responseFrame?: (value: any) => Buffer;
}

type Request<M> = M extends { requestDeserialize: (bytes: Buffer) => infer T } ? T : never;
type Response<M> = M extends { responseSerialize: (value: infer T) => Buffer } ? T : never;
type Input<M> = M extends { requestStream: true } ? AsyncIterable<Request<M>> : Request<M>;
type Output<M> = M extends { responseStream: true } ? AsyncIterable<Response<M>> : Promise<Response<M>>;
type Unidirectional<S> = {
  [K in keyof S as S[K] extends { requestStream: true; responseStream: true } ? never : K]: S[K];
};

/**
 * The methods of a service as TypeScript calls them. A controller implements it, a client of createClient has
 * it, and a caller cannot tell whether the other side is in the same process. Bidirectional streams are left
 * out: see openDuplex and BidiCall.
 */
export type Api<S> = {
  [K in keyof Unidirectional<S>]: (request: Input<S[K]>, context: CallContext) => Output<S[K]>;
};

const SERVES = Symbol('vectron.serves');

/** Class decorator: the controller serves every method of `def`, under the method's full path. */
export function GrpcService(def: Def): ClassDecorator {
  return (target) => {
    for (const [name, method] of Object.entries(def)) {
      const descriptor = Object.getOwnPropertyDescriptor(target.prototype, name);
      if (descriptor === undefined) throw new Error(`${target.name} lacks ${method.path}`);
      MessagePattern(method.path)(target.prototype, name, descriptor);
      Payload()(target.prototype, name, 0);
      Ctx()(target.prototype, name, 1);
    }
    Reflect.defineMetadata(SERVES, def, target);
  };
}

/** The definition a controller class was decorated with. */
export function servesOf(target: object): Def | undefined {
  return Reflect.getMetadata(SERVES, target);
}
