import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import { type JWK, jwtVerify, SignJWT } from 'jose';

const ISSUER = 'vectron';
const AUDIENCE = 'vectron-api';
const SDK_TOKEN_SECONDS = 24 * 3600;

export type TokenKind = 'login' | 'sdk';
export interface TokenClaims {
  readonly kind: TokenKind;
  /** User of a login token, API key of an SDK token. */
  readonly subject: string;
  readonly expiresAtMs: number;
}

/** Signs and verifies the two kinds of JWT (RFC 7519, EdDSA only); the kind is the `typ` header. */
export class TokenService {
  readonly #private: KeyObject;
  readonly #public: KeyObject;
  readonly #kid: string;

  constructor(
    signingKey: string,
    private readonly loginSeconds: number,
  ) {
    const jwk = JSON.parse(signingKey) as JWK;
    this.#private = createPrivateKey({ key: jwk as never, format: 'jwk' });
    this.#public = createPublicKey(this.#private);
    this.#kid = jwk.kid as string;
  }

  async sign(kind: TokenKind, subject: string): Promise<{ token: string; expiresAtMs: number }> {
    const lifetime = kind === 'login' ? this.loginSeconds : SDK_TOKEN_SECONDS;
    const now = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'EdDSA', kid: this.#kid, typ: `vectron-${kind}+jwt` })
      .setSubject(subject)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt(now)
      .setExpirationTime(now + lifetime)
      .sign(this.#private);
    return { token, expiresAtMs: (now + lifetime) * 1000 };
  }

  /** Throws UNAUTHENTICATED for anything but a live token of this installation. */
  async verify(token: string): Promise<TokenClaims> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.#public, {
        algorithms: ['EdDSA'],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'exp', 'iat'],
        clockTolerance: 5,
      });
      const kind = /^vectron-(login|sdk)\+jwt$/.exec(protectedHeader.typ ?? '')?.[1];
      if (kind === undefined) throw new Error('unknown token type');
      return { kind: kind as TokenKind, subject: payload.sub as string, expiresAtMs: (payload.exp as number) * 1000 };
    } catch (cause) {
      throw new VectronError('UNAUTHENTICATED', 'the token is not valid or has expired', { cause });
    }
  }
}
