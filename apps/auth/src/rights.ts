import { VectronError } from '@vectron/errors';
import { isLimited, type Principal } from '@vectron/model';

/** What a user or a key may do: metrics sees the metrics and no data; each of the others covers those before it. */
export type Role = 'read' | 'write' | 'admin' | 'metrics';

const COVERED: Readonly<Record<Role, readonly Role[]>> = {
  metrics: ['metrics'],
  read: ['read'],
  write: ['read', 'write'],
  admin: ['metrics', 'read', 'write', 'admin'],
};
const ROLES = Object.keys(COVERED) as readonly Role[];
/** Only an administrator gives these. */
const GIVEN_BY_ADMINISTRATORS: readonly Role[] = ['metrics', 'admin'];

/** Throws INVALID_ARGUMENT for what is no role. */
export function requireRole(role: string): void {
  if (!Object.hasOwn(COVERED, role)) throw VectronError.invalid('role', `role must be one of ${ROLES.join(', ')}`);
}

/** Whether `has` may do everything that `wanted` may. */
export const covers = (has: Role, wanted: Role): boolean => COVERED[has].includes(wanted);

/** Whether who has the one role may give the other one to a key or to a person. */
export const mayGive = (has: Role, wanted: Role): boolean =>
  covers(has, wanted) && (has === 'admin' || !GIVEN_BY_ADMINISTRATORS.includes(wanted));

/** What both roles may do, of a key and of its user; undefined: nothing. */
export function lesser(one: Role, other: Role): Role | undefined {
  if (covers(one, other)) return other;
  return covers(other, one) ? one : undefined;
}

/** The dimensions in which credentials of one user differ. */
export interface Rights {
  readonly role: Role;
  /** Empty: all of the tenant. */
  readonly collections: readonly string[];
  /** Milliseconds since 1970; 0: for ever. */
  readonly expiresAtMs: number;
}

/** A login stands for the user, who can log in again: it is not limited in time. */
export const rightsOf = (principal: Principal): Rights => ({
  role: principal.role as Role,
  collections: principal.collections,
  expiresAtMs: isLimited(principal) ? principal.expiresAtMs : 0,
});

/** The first dimension in which `wanted` is more than `has`; undefined: it is covered. */
export function exceeds(has: Rights, wanted: Rights): keyof Rights | undefined {
  if (!covers(has.role, wanted.role)) return 'role';
  const within = wanted.collections.length > 0 && wanted.collections.every((name) => has.collections.includes(name));
  if (has.collections.length > 0 && !within) return 'collections';
  const ends = wanted.expiresAtMs !== 0 && wanted.expiresAtMs <= has.expiresAtMs;
  if (has.expiresAtMs !== 0 && !ends) return 'expiresAtMs';
  return undefined;
}
