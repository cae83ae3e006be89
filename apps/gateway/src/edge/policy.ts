import { VectronError } from '@vectron/errors';
import { checkRules, type Message } from '@vectron/model';
import { CONTRACT, type MethodContract, methodOf } from '@vectron/proto';
import type { Principal } from './access.js';

/**
 * What the protos declare of who may call a method and with what. Throws, naming the first fault, when a method of one of
 * the services lacks a declaration: a gateway with a method that nobody thought about must not start.
 */
export function requirePolicies(services: readonly string[]): void {
  for (const service of services) {
    const methods = CONTRACT.services[service];
    if (methods === undefined) throw new Error(`the public listener serves ${service}, which is not in the contract`);
    for (const { path, access, admission, audit, tag } of methods) {
      const missing = [
        ...(access === undefined ? ['access'] : []),
        ...(admission === undefined && access !== 'public' ? ['admission'] : []),
        ...(audit === undefined ? ['audit'] : []),
        ...(tag === undefined ? ['tag'] : []),
      ];
      if (missing.length > 0)
        throw new Error(`${path} declares no ${missing.join(', no ')} (vectron.options.v1.policy)`);
    }
  }
}

/** The method at a gRPC path. Throws NOT_FOUND's cousin for gRPC, UNIMPLEMENTED, for one that is not public. */
export function publicMethod(path: string): MethodContract {
  const method = methodOf(path);
  if (method === undefined)
    throw new VectronError('UNIMPLEMENTED', `this listener does not serve the method ${path}; check its name`);
  return method;
}

/**
 * What every request is asked once it is decoded, on every wire: whether its values are within the limits of the proto,
 * and whether the key of the caller is for the collections that it names.
 */
export function checkRequest(method: MethodContract, request: object, principal: Principal | undefined): void {
  if (principal !== undefined && principal.collections.length > 0) {
    for (const path of method.scope) {
      for (const name of namesAt(request, path.split('.'))) requireCollection(principal, name);
    }
  }
  checkRules(method.request, request);
}

/** Strings at a path through messages and lists. */
function namesAt(value: unknown, [field, ...rest]: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => namesAt(one, field === undefined ? [] : [field, ...rest]));
  if (field === undefined) return typeof value === 'string' ? [value] : [];
  return value === undefined ? [] : namesAt((value as Message)[field], rest);
}

/** A collection the key is not for is as good as none. */
export function requireCollection(principal: Principal, name: string): void {
  if (principal.collections.length > 0 && !principal.collections.includes(name)) {
    throw new VectronError('COLLECTION_NOT_FOUND', `no collection ${name}`);
  }
}
