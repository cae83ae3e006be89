import { readFileSync } from 'node:fs';
import { VectronError } from '@vectron/errors';
import type { Account, AccountRemoval, Inheritance, Login } from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, withClient, withoutKey, withToken } from '../client.js';
import { note, show } from '../output.js';
import type { Define } from '../program.js';
import { confirm, SecretInput } from '../secret-input.js';
import { giveSecret } from '../secret-output.js';

/** What people do with their own accounts. */
export function ownAccountCommands(group: Command, client: Define): void {
  registerCommand(group, client);
  loginCommands(group, client);
  withPassword(client(group, 'password', 'change the password of an account and end its other logins'), [
    'the password now',
    'the new one',
  ]).action(changePassword);
  const goodbye = client(group, 'delete-me', 'delete an account with its API keys');
  withInheritance(withPassword(goodbye, ['the password'])).action(deleteOwnAccount);
  client(group, 'profile', 'show the account of the key or token').action((options: ClientOptions) =>
    withClient(options, async (db) => showAccounts([await db.profile()], options)),
  );
}

function registerCommand(group: Command, client: Define): void {
  withPassword(client(group, 'register', 'register an account'), ['the password'])
    .option('--invitation-file <file>', 'file with the token of an invitation; required unless registration is open')
    .action(async (options: ClientOptions) => {
      const invitation = options.invitationFile === undefined ? '' : tokenIn(options.invitationFile as string);
      const { email, secrets } = asked(options);
      const password = await secrets.newPassword(`password for ${email}, 8 to 128 characters`);
      const account = await withoutKey(options, (db) => db.register(email, password, { invitation }));
      showAccounts([account], options);
    });
}

function loginCommands(group: Command, client: Define): void {
  withPassword(client(group, 'login', 'log in with an e-mail address and a password, and print an access token'), [
    'the password',
    'the new one, when it has to be changed',
  ])
    .option('--out <file>', 'write the token to this new file, for use with --api-key-file, instead of printing it')
    .action((options: ClientOptions) =>
      giveSecret(options, async () => {
        const { login } = await logIn(options);
        const { email, role } = login.account;
        const until = login.expiresAt.toLocaleString('en-GB');
        const about = `token of ${email} (${role}), good until ${until}: who has it can do all that the account can`;
        return { secret: login.token, answer: login, about };
      }),
    );
  client(group, 'logout', 'end the login of the token given with --api-key, --api-key-file or VECTRON_API_KEY').action(
    (options: ClientOptions) =>
      withClient(options, async (db) => {
        await db.logout();
        show({ loggedOut: true }, options.json === true, { head: ['logged out'], rows: [['yes']] });
      }),
  );
}

const withPassword = (command: Command, lines: string[]): Command =>
  command
    .requiredOption('--email <address>', 'e-mail address of the account')
    .option('--password-stdin', `read secrets from the standard input, one per line: ${lines.join(', then ')}`);

export const withInheritance = (command: Command): Command =>
  command
    .option('--heir <user>', 'id or e-mail address of the account whose tenant gets the collections')
    .option('--delete-collections', 'delete the collections of the tenant with their points')
    .option('--yes', 'do not ask');

export const inheritanceOf = (options: ClientOptions): Inheritance => ({
  heir: options.heir as string | undefined,
  deleteCollections: options.deleteCollections === true,
});

const asked = (options: ClientOptions) => ({
  email: options.email as string,
  secrets: new SecretInput(options.passwordStdin === true),
});

/** Logs in; when the password has to be changed first, that is done. */
export async function logIn(options: ClientOptions): Promise<{ login: Login; password: string; secrets: SecretInput }> {
  const { email, secrets } = asked(options);
  const password = await secrets.secret(`password of ${email}`);
  const login = await withoutKey(options, (db) => db.login(email, password));
  if (!login.account.mustChangePassword) return { login, password, secrets };
  note('This password has to be changed before the account can do anything else.');
  const chosen = await changed(options, login, password, secrets);
  return { login: { ...login, account: { ...login.account, mustChangePassword: false } }, password: chosen, secrets };
}

/** Asks for a new password and sets it; when that fails, the login ends. */
async function changed(options: ClientOptions, login: Login, password: string, secrets: SecretInput): Promise<string> {
  return withToken(options, login.token, async (db) => {
    try {
      const chosen = await secrets.newPassword('new password, 8 to 128 characters');
      await db.changePassword(password, chosen);
      return chosen;
    } catch (error) {
      await db.logout().catch(() => undefined);
      throw error;
    }
  });
}

async function changePassword(options: ClientOptions): Promise<void> {
  const { email, secrets } = asked(options);
  const password = await secrets.secret(`password of ${email}`);
  const login = await withoutKey(options, (db) => db.login(email, password));
  await changed(options, login, password, secrets);
  await withToken(options, login.token, (db) => db.logout());
  show({ changed: email }, options.json === true, { head: ['password changed'], rows: [[email]] });
}

async function deleteOwnAccount(options: ClientOptions): Promise<void> {
  const { login, password } = await logIn(options);
  await withToken(options, login.token, async (db) => {
    try {
      await confirm(`Delete the account ${login.account.email} with its API keys for good?`, options.yes === true);
      showRemoval(login.account, await db.deleteAccount(password, inheritanceOf(options)), options);
    } catch (error) {
      await db.logout().catch(() => undefined);
      throw error;
    }
  });
}

function tokenIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw VectronError.invalid('invitation-file', `the invitation cannot be read: ${(cause as Error).message}`);
  }
}

export function showAccounts(accounts: readonly Account[], options: ClientOptions, all = false): void {
  show(all ? accounts : accounts[0], options.json === true, {
    head: ['id', 'email', 'role', 'tenant', 'state', 'last login'],
    rows: accounts.map((one) => [one.id, one.email, one.role, one.tenantId, stateOf(one), lastLogin(one)]),
  });
}

function stateOf({ disabled, mustChangePassword }: Account): string {
  if (disabled) return 'disabled';
  return mustChangePassword ? 'must change its password' : 'active';
}

const lastLogin = ({ lastLoginAt }: Account) => lastLoginAt?.toLocaleString('en-GB') ?? 'never';

/** What became of the collections of the account. */
export function showRemoval({ id, email }: Account, removal: AccountRemoval, options: ClientOptions): void {
  const { deletedCollections, handedCollections, keptCollections, deletedKeys } = removal;
  const list = (names: readonly string[]) => names.join(', ') || 'none';
  show({ id, email, ...removal }, options.json === true, {
    head: ['deleted account', email],
    rows: [
      ['deleted API keys', deletedKeys],
      ['deleted collections', list(deletedCollections)],
      ['collections of the heir now', list(handedCollections)],
      ['collections that stay with the tenant', list(keptCollections)],
    ],
  });
}
