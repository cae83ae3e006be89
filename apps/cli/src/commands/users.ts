import { VectronError } from '@vectron/errors';
import type { Account, Invitation, VectronClient } from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { moment } from '../moment.js';
import { show } from '../output.js';
import type { Define } from '../program.js';
import { confirm } from '../secret-input.js';
import { giveSecret } from '../secret-output.js';
import { inheritanceOf, ownAccountCommands, showAccounts, showRemoval, withInheritance } from './account.js';

export function userCommands(program: Command, client: Define): void {
  const group = program.command('users').description('manage your own account and the accounts of a team');
  ownAccountCommands(group, client);
  invitationCommands(group, client);
  administrationCommands(group, client);
}

function invitationCommands(group: Command, client: Define): void {
  client(group, 'invite', 'invite a person to register an account; the invitation token is shown once')
    .requiredOption(
      '--email <address>',
      'the e-mail address of the invited person; the invitation is only valid for it',
    )
    .option('--role <role>', 'read, write, metrics or admin', 'write')
    .option('--tenant <id>', 'tenant of the new account; default: your own tenant')
    .option('--new-tenant', 'create a new tenant for the account')
    .option('--expires <when>', '12h, 7d or a date; default: in seven days')
    .option('--out <file>', 'write the token to this new file, for use with --invitation-file, instead of printing it')
    .action((options: ClientOptions) =>
      withClient(options, (db) =>
        giveSecret(options, async () => {
          const { token, invitation } = await db.inviteUser(options.email as string, {
            role: options.role as string,
            tenantId: options.tenant as string | undefined,
            newTenant: options.newTenant === true,
            expiresAt: moment(options.expires as string | undefined, 'expires'),
          });
          const until = invitation.expiresAt.toLocaleString('en-GB');
          const about = `invitation of ${invitation.email} (${invitation.role}), good once until ${until}: hand it over in private`;
          return { secret: token, answer: { token, invitation }, about };
        }),
      ),
    );
  client(group, 'invitations', 'list open invitations').action((options: ClientOptions) =>
    withClient(options, async (db) => {
      const open: Invitation[] = [];
      for await (const one of db.listInvitations()) open.push(one);
      show(open, options.json === true, {
        head: ['id', 'email', 'role', 'tenant', 'good until'],
        rows: open.map((one) => [
          ...[one.id, one.email, one.role, one.tenantId ?? 'its own'],
          one.expiresAt.toLocaleString('en-GB'),
        ]),
      });
    }),
  );
  client(group, 'uninvite <id>', 'withdraw an invitation').action((id: string, options: ClientOptions) =>
    withClient(options, async (db) => {
      await db.deleteInvitation(id);
      show({ deleted: id }, options.json === true, { head: ['deleted'], rows: [[id]] });
    }),
  );
}

/** A user is named by id or by e-mail address. */
function administrationCommands(group: Command, client: Define): void {
  client(group, 'list', 'list accounts (administrators only)')
    .option('--tenant <id>', 'only accounts of this tenant')
    .action((options: ClientOptions) =>
      withClient(options, async (db) => {
        const accounts: Account[] = [];
        const wanted = { tenantId: options.tenant as string | undefined, pageSize: 1_000 };
        for await (const account of db.admin.listUsers(wanted)) accounts.push(account);
        showAccounts(accounts, options, true);
      }),
    );
  const change = (options: ClientOptions, user: string, set: (db: VectronClient, id: string) => Promise<Account>) =>
    withClient(options, async (db) => showAccounts([await set(db, await idOf(db, user))], options));
  client(group, 'role <user> <role>', 'change the role of an account: read, write, metrics or admin').action(
    (user: string, role: string, options: ClientOptions) =>
      change(options, user, (db, id) => db.admin.setUserRole(id, role)),
  );
  client(group, 'disable <user>', 'end the logins of an account and refuse its keys').action(
    (user: string, options: ClientOptions) => change(options, user, (db, id) => db.admin.setUserDisabled(id, true)),
  );
  client(group, 'enable <user>', 'enable a disabled account').action((user: string, options: ClientOptions) =>
    change(options, user, (db, id) => db.admin.setUserDisabled(id, false)),
  );
  client(group, 'reset-password <user>', 'set a one-time password for an account; it is shown once')
    .option('--out <file>', 'write the password to this new file instead of printing it')
    .action((user: string, options: ClientOptions) =>
      withClient(options, (db) =>
        giveSecret(options, async () => {
          const password = await db.admin.resetPassword(await idOf(db, user));
          const about = `password of ${user}, to be changed at the first login: hand it over in private`;
          return { secret: password, answer: { user, password }, about };
        }),
      ),
    );
  const remove = client(group, 'remove <user>', 'delete an account with its API keys');
  withInheritance(remove).action((user: string, options: ClientOptions) =>
    withClient(options, async (db) => {
      const account = await accountOf(db, user);
      await confirm(`Delete the account ${account.email} with its API keys for good?`, options.yes === true);
      showRemoval(account, await db.admin.removeUser(account.id, inheritanceOf(options)), options);
    }),
  );
}

const idOf = async (db: VectronClient, user: string): Promise<string> =>
  user.includes('@') ? (await accountOf(db, user)).id : user;

/** Accounts are listed by id: one that is named otherwise is looked for in all of them. */
async function accountOf(db: VectronClient, user: string): Promise<Account> {
  const email = user.toLowerCase();
  for await (const account of db.admin.listUsers({ pageSize: 1_000 }))
    if (account.id === user || account.email === email) return account;
  throw new VectronError('NOT_FOUND', `there is no account ${user}; vectron users list shows all accounts`);
}
