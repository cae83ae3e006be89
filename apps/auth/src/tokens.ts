import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import { exportJWK, type JWK, type JWTHeaderParameters, jwtVerify, SignJWT } from 'jose';
import type { SigningKeys } from './signing-keys.js';

const ISSUER = 'vectron';
const AUDIENCE = 'vectron-api';
export const SDK_TOKEN_SECONDS = 24 * 3600;
const TOLERANCE_SECONDS = 5;

export type TokenKind = 'login' | 'sdk';
export interface TokenClaims {
  readonly kind: TokenKind;
  /** User of a login token, API key of an SDK token. */
  readonly subject: string;
  /** Of a login token. */
  readonly sessionId: string;
  readonly expiresAtMs: number;
}

interface KeyPair {
  readonly private: KeyObject;
  readonly public: KeyObject;
}

/**
 * Signs and verifies the two kinds of JWT (RFC 7519, EdDSA only, RFC 8725); the kind is the `typ` header. Keys come from
 * this installation alone: a token's own jku, x5u and jwk mean nothing.
 */
export class TokenService {
  readonly #pairs = new Map<string, KeyPair>();

  constructor(
    private readonly keys: SigningKeys,
    private readonly loginSeconds: number,
  ) {}

  async sign(kind: TokenKind, subject: string, sessionId = ''): Promise<{ token: string; expiresAtMs: number }> {
    const lifetime = this.#lifetime(kind);
    const now = Math.floor(Date.now() / 1000);
    const current = this.keys.current();
    const token = await new SignJWT(sessionId === '' ? {} : { sid: sessionId })
      .setProtectedHeader({ alg: 'EdDSA', kid: current.kid, typ: `vectron-${kind}+jwt` })
      .setSubject(subject)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt(now)
      .setExpirationTime(now + lifetime)
      .sign(this.#pair(current).private);
    return { token, expiresAtMs: (now + lifetime) * 1000 };
  }

  /** Throws UNAUTHENTICATED for anything but a live token of this installation. */
  async verify(token: string): Promise<TokenClaims> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, (header) => this.#keyFor(header), {
        algorithms: ['EdDSA'],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'exp', 'iat'],
        clockTolerance: TOLERANCE_SECONDS,
      });
      const kind = /^vectron-(login|sdk)\+jwt$/.exec(protectedHeader.typ ?? '')?.[1] as TokenKind | undefined;
      if (kind === undefined) throw new Error('unknown token type');
      this.#checkTimes(kind, payload.iat as number, payload.exp as number);
      const sessionId = typeof payload.sid === 'string' ? payload.sid : '';
      return {
        kind,
        subject: payload.sub as string,
        sessionId,
        expiresAtMs: (payload.exp as number) * 1000,
      };
    } catch (cause) {
      throw new VectronError(
        'UNAUTHENTICATED',
        'the token is not valid or has expired; log in again, or send a valid API key',
        { cause },
      );
    }
  }

  /** The public keys that tokens may be signed with (RFC 7517). */
  async jwks(): Promise<{ keys: JWK[] }> {
    const keys = this.keys.all().map(async (jwk) => ({
      ...(await exportJWK(this.#pair(jwk).public)),
      kid: jwk.kid,
      alg: 'EdDSA',
      use: 'sig',
    }));
    return { keys: await Promise.all(keys) };
  }

  /** What `jwtVerify` leaves open: `iat` in the past, before `exp`, and by no more than the life of such a token. */
  #checkTimes(kind: TokenKind, issued: number, expires: number): void {
    if (issued > Date.now() / 1000 + TOLERANCE_SECONDS) throw new Error('issued in the future');
    if (issued > expires) throw new Error('expires before it was issued');
    if (expires - issued > this.#lifetime(kind)) throw new Error(`lives longer than a token for ${kind} may`);
  }

  #lifetime(kind: TokenKind): number {
    return kind === 'login' ? this.loginSeconds : SDK_TOKEN_SECONDS;
  }

  #keyFor({ kid }: JWTHeaderParameters): KeyObject {
    const known = this.keys.byId(kid);
    if (known === undefined) throw new Error('signed with no key of this installation');
    return this.#pair(known).public;
  }

  #pair(jwk: JWK): KeyPair {
    const kid = jwk.kid as string;
    let pair = this.#pairs.get(kid);
    if (pair === undefined) {
      const key = createPrivateKey({ key: jwk as never, format: 'jwk' });
      pair = { private: key, public: createPublicKey(key) };
      this.#pairs.set(kid, pair);
    }
    return pair;
  }
}
