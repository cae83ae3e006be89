import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { newSigningKey, secretFile } from './secrets.js';
import { SDK_TOKEN_SECONDS } from './tokens.js';

/** Keys of tokens, the one that signs first. */
interface Ring {
  readonly keys: { readonly jwk: JWK /** 0: it signs. */; readonly replacedMs: number }[];
}

/** How often another process's rotation is looked for. */
const LOOK_MS = 500;
/** A key that was replaced is good until the last token it signed has expired. */
const KEEP_MS = (SDK_TOKEN_SECONDS + 60) * 1000;

/** The signing keys in `<data>/secrets`, which all auth processes of an installation share. */
export class SigningKeys {
  #ring: Ring = { keys: [] };
  #changedMs = -1;
  #lookedMs = 0;

  private constructor(private readonly file: string) {}

  /** Makes the first key at the first run. */
  static async open(data: string): Promise<SigningKeys> {
    const file = join(data, 'secrets', 'jwt-keys.json');
    await secretFile(file, async () => {
      // Of an installation from before keys were rotated.
      const first = await secretFile(join(data, 'secrets', 'jwt.jwk'), newSigningKey);
      return JSON.stringify({ keys: [{ jwk: JSON.parse(first), replacedMs: 0 }] } satisfies Ring);
    });
    const keys = new SigningKeys(file);
    keys.#read();
    return keys;
  }

  /** The key that signs. */
  current(): JWK {
    this.#read();
    return this.#ring.keys[0].jwk;
  }

  /** The key of that id, if its tokens are good. One that another process made a moment ago is found. */
  byId(kid: string | undefined): JWK | undefined {
    const find = () => this.all().find((jwk) => jwk.kid === kid);
    const known = find();
    if (known !== undefined || kid === undefined) return known;
    this.#read(true);
    return find();
  }

  /** Keys whose tokens are good. */
  all(): JWK[] {
    this.#read();
    const oldest = Date.now() - KEEP_MS;
    return this.#ring.keys.flatMap(({ jwk, replacedMs }) => (replacedMs === 0 || replacedMs > oldest ? [jwk] : []));
  }

  /** Signs with a new key from now on. Returns its id. */
  async rotate(): Promise<string> {
    this.#read(true);
    const jwk = JSON.parse(await newSigningKey()) as JWK;
    const oldest = Date.now() - KEEP_MS;
    const old = this.#ring.keys
      .map((one) => ({ ...one, replacedMs: one.replacedMs || Date.now() }))
      .filter(({ replacedMs }) => replacedMs > oldest);
    const next: Ring = { keys: [{ jwk, replacedMs: 0 }, ...old] };
    const own = `${this.file}.${randomBytes(6).toString('hex')}`;
    writeFileSync(own, JSON.stringify(next), { mode: 0o600, flag: 'wx' });
    renameSync(own, this.file);
    this.#read(true);
    return jwk.kid as string;
  }

  #read(now = false): void {
    if (!now && Date.now() - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = Date.now();
    const { mtimeMs } = statSync(this.file);
    if (!now && mtimeMs === this.#changedMs) return;
    this.#ring = JSON.parse(readFileSync(this.file, 'utf8')) as Ring;
    this.#changedMs = mtimeMs;
  }
}
