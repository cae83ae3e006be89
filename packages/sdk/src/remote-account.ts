import * as messages from './account-messages.js';
import type { VectronClient } from './client.js';
import { users } from './methods.js';
import type { Transport } from './transport.js';

type AccountMethods = Pick<
  VectronClient,
  | ('register' | 'login' | 'refresh' | 'logout' | 'changePassword' | 'profile' | 'deleteAccount')
  | ('inviteUser' | 'listInvitations' | 'deleteInvitation')
  | ('createApiKey' | 'listApiKeys' | 'deleteApiKey')
>;

/** The account of whoever calls, its invitations and its API keys. */
export function remoteAccount({ call }: Transport): AccountMethods {
  return {
    async register(email, password, { invitation = '' } = {}) {
      return messages.account((await call(users.registerUser, { email, password, invitation })).user);
    },
    async login(email, password) {
      const answer = await call(users.login, { email, password });
      return { ...messages.tokens(answer), account: messages.account(answer.user) };
    },
    async refresh(refreshToken) {
      return messages.tokens(await call(users.refreshToken, { refreshToken }));
    },
    async logout() {
      await call(users.logout, {});
    },
    async changePassword(currentPassword, newPassword) {
      await call(users.changePassword, { currentPassword, newPassword });
    },
    async profile() {
      return messages.account((await call(users.getUserProfile, {})).user);
    },
    async deleteAccount(password, inheritance) {
      return messages.removal(await call(users.deleteUser, { password, ...messages.inheritanceFields(inheritance) }));
    },
    async inviteUser(email, { expiresAt, ...options } = {}) {
      const { role = '', tenantId = '', newTenant = false } = options;
      const request = { email, role, tenantId, newTenant, expiresAt: messages.toSeconds(expiresAt) };
      const { token, invitation } = await call(users.inviteUser, request);
      return { token, invitation: messages.invitation(invitation) };
    },
    async *listInvitations() {
      for (let pageToken = ''; ; ) {
        const page = await call(users.listInvitations, { pageSize: 0, pageToken });
        yield* page.invitations.map(messages.invitation);
        pageToken = page.nextPageToken;
        if (pageToken === '') return;
      }
    },
    async deleteInvitation(id) {
      await call(users.deleteInvitation, { id });
    },
    async createApiKey(name, { expiresAt, collections = [], ...options } = {}) {
      const limits = { collections: [...collections], expiresAt: messages.toSeconds(expiresAt) };
      const { fullKey, keyInfo } = await call(users.createApiKey, { name, role: options.role ?? '', ...limits });
      return { key: fullKey, info: messages.keyInfo(keyInfo) };
    },
    async listApiKeys() {
      return (await call(users.listApiKeys, {})).keys.map(messages.keyInfo);
    },
    async deleteApiKey(prefix) {
      await call(users.deleteApiKey, { keyPrefix: prefix });
    },
  };
}
