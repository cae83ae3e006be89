import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';

/** Reads a secret file, or makes it with mode 0600 from `make`. Two processes that race get one secret. */
export async function secretFile(file: string, make: () => Promise<string> | string): Promise<string> {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const own = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(own, await make(), { mode: 0o600, flag: 'wx' });
  try {
    // Whole or not at all, and only if nobody was faster.
    linkSync(own, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(own);
  }
  return readFileSync(file, 'utf8');
}

/** 256 random bits as base64url. */
export const randomSecret = (): string => randomBytes(32).toString('base64url');

/** An Ed25519 private key as JWK text. */
export async function newSigningKey(): Promise<string> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk: JWK = { ...(await exportJWK(privateKey)), kid: randomBytes(6).toString('base64url'), alg: 'EdDSA' };
  return JSON.stringify(jwk);
}
