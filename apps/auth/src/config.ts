import { type ConfigOf, defineKnobs, logLevelKnob, metaStoreKnobs, setting } from '@vectron/config';

export const authKnobs = defineKnobs({
  listen: {
    env: 'VECTRON_AUTH_LISTEN',
    flag: 'listen',
    schema: setting.internalAddress,
    default: '127.0.0.1:50052',
    help: 'HOST:PORT of the internal gRPC listener, loopback only; or unix:PATH',
  },
  data: {
    env: 'VECTRON_DATA',
    flag: 'data',
    schema: setting.text,
    default: './data',
    help: 'directory of the secrets, and of users and keys unless those are in etcd; shared by all auth processes',
  },
  ...metaStoreKnobs,
  tokenMinutes: {
    env: 'VECTRON_AUTH_TOKEN_MINUTES',
    flag: 'token-minutes',
    schema: setting.integer(1, 1440),
    default: '15',
    help: 'lifetime of a login token, minutes, 1 to 1440',
  },
  registration: {
    env: 'VECTRON_REGISTRATION',
    flag: 'registration',
    schema: setting.oneOf(['closed', 'invite', 'open']),
    default: 'closed',
    help: 'who may make an account: closed, whom an administrator invites; invite, whom an administrator or, into its own tenant, a member invites; open, everybody, in a tenant of their own',
  },
  maxTenantUsers: {
    env: 'VECTRON_MAX_TENANT_USERS',
    flag: 'max-tenant-users',
    schema: setting.integer(1, 100_000),
    default: '1000',
    help: 'most accounts of one tenant, 1 to 100000',
  },
  maxUserKeys: {
    env: 'VECTRON_MAX_KEYS_PER_USER',
    flag: 'max-keys-per-user',
    schema: setting.integer(1, 10_000),
    default: '100',
    help: 'most API keys of one account, 1 to 10000',
  },
  maxInvitations: {
    env: 'VECTRON_MAX_INVITATIONS',
    flag: 'max-invitations',
    schema: setting.integer(1, 10_000),
    default: '100',
    help: 'most open invitations that the accounts of one tenant have made, 1 to 10000',
  },
  logLevel: logLevelKnob,
});
export type AuthConfig = ConfigOf<typeof authKnobs.knobs>;
