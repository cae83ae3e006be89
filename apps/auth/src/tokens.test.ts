import { createPrivateKey } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type JWTPayload, SignJWT } from 'jose';
import { SigningKeys } from './signing-keys.js';
import { TokenService } from './tokens.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const LOGIN_SECONDS = 15 * MINUTE;

describe('a token that is signed with the key of the installation', () => {
  let signing: SigningKeys;
  let tokens: TokenService;
  beforeAll(async () => {
    signing = await SigningKeys.open(mkdtempSync(join(tmpdir(), 'vectron-tokens-')));
    tokens = new TokenService(signing, LOGIN_SECONDS);
  });

  /** Times are seconds from now. */
  const signed = (kind: string, iat: number, exp: number, claims: Record<string, unknown> = {}) => {
    const now = Math.floor(Date.now() / 1000);
    const { kid, ...jwk } = signing.current();
    return new SignJWT({ sid: 's', ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid, typ: `vectron-${kind}+jwt` })
      .setSubject('u')
      .setIssuer('vectron')
      .setAudience('vectron-api')
      .setIssuedAt(now + iat)
      .setExpirationTime(now + exp)
      .sign(createPrivateKey({ key: jwk as never, format: 'jwk' }));
  };

  it.each([
    ['as a login has it', 'login', 0, LOGIN_SECONDS],
    ['with a clock that is a little ahead', 'login', 3, 3 + LOGIN_SECONDS],
    ['as an SDK token has it', 'sdk', -HOUR, 23 * HOUR],
  ])('is good %s', async (_, kind, iat, exp) => {
    expect(await tokens.verify(await signed(kind, iat, exp))).toMatchObject({ kind, subject: 'u' });
  });

  it.each([
    ['in the far future', 'login', 10 * 365 * 24 * HOUR, 10 * 365 * 24 * HOUR + LOGIN_SECONDS],
    ['in the near future', 'login', MINUTE, LOGIN_SECONDS],
    ['after it expires', 'login', 4, 2],
    ['too long before it expires, for a login', 'login', -MINUTE, LOGIN_SECONDS],
    ['too long before it expires, for an SDK', 'sdk', -HOUR, 24 * HOUR],
    ['long ago, and it never expires', 'login', -10 * 365 * 24 * HOUR, 10 * 365 * 24 * HOUR],
  ])('is refused when it was issued %s', async (_, kind, iat, exp) => {
    const token = await signed(kind, iat, exp);
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it.each([
    ['is not good yet', { nbf: Math.floor(Date.now() / 1000) + HOUR }],
    ['has a time that is no number', { nbf: 'soon' }],
    ['has another issuer', { iss: 'another' }],
    ['has another audience', { aud: 'another' }],
  ])('is refused when it %s', async (_, claims) => {
    const { kid, ...jwk } = signing.current();
    const now = Math.floor(Date.now() / 1000);
    const payload = { sub: 'u', sid: 's', iss: 'vectron', aud: 'vectron-api', iat: now, exp: now + MINUTE, ...claims };
    const token = await new SignJWT(payload as JWTPayload)
      .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'vectron-login+jwt' })
      .sign(createPrivateKey({ key: jwk as never, format: 'jwk' }));
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
