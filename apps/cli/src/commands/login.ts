import { hostname } from 'node:os';
import { toVectronError, VectronError } from '@vectron/errors';
import type { Command } from 'commander';
import { apiKeyOf, type ClientOptions, clientConfig, withClient, withToken } from '../client.js';
import { clientKnobs, isInEnvironment, loadConfig } from '../config.js';
import { moment } from '../moment.js';
import { note, show } from '../output.js';
import {
  checkProfileName,
  chooseProfile,
  keepProfile,
  type Profile,
  profileNamed,
  profilesFile,
  readProfiles,
  removeProfile,
} from '../profiles.js';
import type { Define } from '../program.js';
import { logIn } from './account.js';

/** What a key that `vectron login` makes is good for, unless something else is asked for. */
const DAYS = '30d';

export function loginCommands(program: Command, client: Define): void {
  client(program, 'login', 'store a server and a key as a profile, so that later commands need neither')
    .option('--email <address>', 'create an API key for this account; asks for its password')
    .option(
      '--password-stdin',
      'read the password from the standard input and, if it must be changed, the new one from the second line',
    )
    .option(
      '--role <role>',
      'with --email: role of the key: read, write, metrics or admin; default: that of the account',
    )
    .option('--collection <name...>', 'with --email: restrict the key to these collections')
    .option('--expires <when>', 'with --email: expiry of the key: 12h, 7d or a date', DAYS)
    .action(login);
  client(program, 'logout', 'revoke the key that `vectron login` created, and delete the profile').action(logout);
}

export function profileCommands(program: Command): void {
  const group = program
    .command('profiles')
    .description('list, choose and delete the profiles made with `vectron login`');
  const local = (name: string, help: string) => group.command(name).description(help).option('--json', 'print JSON');
  local('list', 'list profiles by name, without their keys').action((options: ClientOptions) => {
    const { current, profiles } = readProfiles();
    const all = Object.entries(profiles).map(([name, { apiKey: _secret, ...rest }]) => ({
      name,
      ...rest,
      current: name === current,
    }));
    const rows = all.map((one) => [
      ...[one.current ? '*' : '', one.name, one.url, one.account],
      one.expiresAt === undefined ? '' : new Date(one.expiresAt).toLocaleString('en-GB'),
    ]);
    show(all, options.json === true, { head: ['', 'name', 'server', 'account', 'key good until'], rows });
  });
  local('use <name>', 'choose the default profile').action((name: string, options: ClientOptions) => {
    chooseProfile(name);
    show({ current: name }, options.json === true, { head: ['profile'], rows: [[name]] });
  });
  local('delete <name>', 'delete a profile without revoking its key; use `vectron logout` to revoke it').action(
    (name: string, options: ClientOptions) => {
      removeProfile(name);
      show({ deleted: name }, options.json === true, { head: ['deleted'], rows: [[name]] });
    },
  );
}

type Kept = Omit<Profile, 'url' | 'caFile'>;

async function login(options: ClientOptions): Promise<void> {
  const { profile: asked, ...rest } = options;
  const name = (asked as string | undefined) ?? 'default';
  checkProfileName(name);
  // Faults of the file are found before a key is made that could not be kept.
  const { profiles } = readProfiles();
  const before = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  // A profile of that name is renewed where it was, unless another server is given.
  const place = before !== undefined && rest.url === undefined && !isInEnvironment('url') ? before : undefined;
  const settings: ClientOptions =
    place === undefined ? rest : { ...rest, url: place.url, caFile: rest.caFile ?? place.caFile };
  const config = clientConfig({ ...settings, url: settings.url ?? loadConfig(clientKnobs, settings).url });
  const { url, caFile } = config;
  const kept =
    options.email === undefined
      ? await givenKey({ ...settings, url }, apiKeyOf(config, settings))
      : await madeKey({ ...settings, url });
  keepProfile(name, { url, caFile, ...kept });
  note(`kept in ${profilesFile()} as ${name}; commands use it from now on`);
  const { apiKey: _secret, ...shown } = kept;
  show({ profile: name, url, ...shown }, options.json === true, {
    head: ['profile', 'server', 'account', 'key good until'],
    rows: [
      [
        name,
        url,
        shown.account,
        shown.expiresAt === undefined ? 'not said' : new Date(shown.expiresAt).toLocaleString('en-GB'),
      ],
    ],
  });
}

/** A key that is there is tried once before it is kept. */
async function givenKey(options: ClientOptions, apiKey: string | undefined): Promise<Kept> {
  if (apiKey === undefined)
    throw VectronError.invalid('email', 'use --email to log in with a password, or --api-key-file to pass a key');
  const account = await withToken(options, apiKey, (db) => db.profile());
  return { apiKey, account: account.email };
}

async function madeKey(options: ClientOptions): Promise<Kept> {
  const expires = moment(options.expires as string, 'expires');
  const { login: made } = await logIn(options);
  return withToken(options, made.token, async (db) => {
    try {
      const { key, info } = await db.createApiKey(`vectron login on ${hostname()}`.slice(0, 64), {
        role: (options.role as string | undefined) ?? made.account.role,
        collections: options.collection as string[] | undefined,
        expiresAt: expires,
      });
      return {
        apiKey: key,
        account: made.account.email,
        expiresAt: info.expiresAt?.toISOString(),
        madeKey: info.prefix,
      };
    } finally {
      await db.logout().catch(() => undefined);
    }
  });
}

async function logout(options: ClientOptions): Promise<void> {
  const { profile: name } = clientConfig(options);
  if (name === undefined)
    throw VectronError.invalid(
      'profile',
      'there is no profile to log out of; vectron profiles list shows all profiles',
    );
  const { madeKey: prefix, url } = profileNamed(name);
  const revoked = prefix !== undefined && (await revoke(prefix, name));
  removeProfile(name);
  show({ loggedOut: name, url, revoked }, options.json === true, {
    head: ['profile', 'server', 'key'],
    rows: [
      [name, url, revoked ? 'revoked' : prefix === undefined ? 'forgotten; it stays good' : 'was not good any more'],
    ],
  });
}

/**
 * Revokes the key of a profile with itself. Gives whether it was good until now. What fails otherwise leaves the profile, so that it can be
 * tried again.
 */
async function revoke(prefix: string, name: string): Promise<boolean> {
  try {
    await withClient({ profile: name }, (db) => db.deleteApiKey(prefix));
    return true;
  } catch (cause) {
    if (toVectronError(cause).code !== 'UNAUTHENTICATED') throw cause;
    return false;
  }
}
