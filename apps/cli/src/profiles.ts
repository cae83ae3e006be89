import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VectronError } from '@vectron/errors';
import { z } from 'zod';
import { configHome } from './config.js';

const profileSchema = z.strictObject({
  /** Address of the server, or of several gateways, in the form that `--url` takes. */
  url: z.string().min(1),
  caFile: z.string().min(1).optional(),
  apiKey: z.string().min(1),
  /** Whose it is, for people. */
  account: z.string().optional(),
  /** When the key ends, ISO 8601; absent: never, or not known. */
  expiresAt: z.string().optional(),
  /** Prefix of the key, when `vectron login` had it made: `vectron logout` revokes it. */
  madeKey: z.string().optional(),
});
const fileSchema = z.strictObject({
  version: z.literal(1),
  current: z.string().optional(),
  profiles: z.record(z.string(), profileSchema),
});

/** A server, and the account that is used there. */
export type Profile = z.output<typeof profileSchema>;
type Profiles = z.output<typeof fileSchema>;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const NONE: Profiles = { version: 1, profiles: {} };

/** Where profiles are kept: a file that its owner alone can read. */
export const profilesFile = (): string => join(configHome(), 'vectron', 'profiles.json');

/** All profiles. Throws FAILED_PRECONDITION when the file is damaged, or when others can read the keys in it. */
export function readProfiles(file = profilesFile()): Profiles {
  let text: string;
  try {
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
      throw new VectronError(
        'FAILED_PRECONDITION',
        `other users can read or change ${file}, which contains API keys: run chmod 600 ${file}, and replace keys that may have been read`,
      );
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return NONE;
    if (cause instanceof VectronError) throw cause;
    throw new VectronError('FAILED_PRECONDITION', `${file} cannot be read: ${(cause as Error).message}`);
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    // What is in it is not told: it may be a part of a key.
    throw new VectronError('FAILED_PRECONDITION', `${file} is damaged: delete it, and log in again`);
  }
}

/** Replaces the file as a whole, so that nobody finds half of it. */
function writeProfiles(profiles: Profiles, file = profilesFile()): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const unfinished = `${file}.${process.pid}`;
  try {
    writeFileSync(unfinished, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(unfinished, 0o600);
    renameSync(unfinished, file);
  } catch (cause) {
    rmSync(unfinished, { force: true });
    throw new VectronError('FAILED_PRECONDITION', `${file} cannot be written: ${(cause as Error).message}`);
  }
}

/** Keeps a profile under a name of 1 to 64 letters, digits, dots, dashes and underscores; commands use it from now on. */
export function keepProfile(name: string, profile: Profile): void {
  checkProfileName(name);
  const { profiles } = readProfiles();
  writeProfiles({ version: 1, current: name, profiles: { ...profiles, [name]: profile } });
}

export function checkProfileName(name: string): void {
  if (!NAME.test(name))
    throw VectronError.invalid(
      'profile',
      'the name of a profile must have 1 to 64 letters, digits, dots, dashes and underscores, and start with a letter or digit',
    );
}

/** The profile of that name. Throws NOT_FOUND where there is none, with the names there are. */
export function profileNamed(name: string, { profiles } = readProfiles()): Profile {
  if (Object.hasOwn(profiles, name)) return profiles[name];
  const names = Object.keys(profiles);
  const known = names.length === 0 ? 'there are none yet: vectron login makes one' : `there are ${names.join(', ')}`;
  throw new VectronError('NOT_FOUND', `there is no profile ${name}; ${known}`);
}

/** Makes commands use this profile where they are told nothing else. */
export function chooseProfile(name: string): void {
  const all = readProfiles();
  profileNamed(name, all);
  writeProfiles({ ...all, current: name });
}

export function removeProfile(name: string): void {
  const { current, profiles } = readProfiles();
  profileNamed(name, { version: 1, profiles });
  const { [name]: _gone, ...rest } = profiles;
  writeProfiles({ version: 1, ...(current === name ? {} : { current }), profiles: rest });
}
