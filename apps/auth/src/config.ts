import { type ConfigOf, defineKnobs, logLevelKnob, metaStoreKnobs, setting } from '@vectron/config';

/** What people may do with accounts and logins, whichever process serves them. */
export const accountKnobs = {
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
  sessionIdleHours: {
    env: 'VECTRON_SESSION_IDLE_HOURS',
    flag: 'session-idle-hours',
    schema: setting.integer(1, 8_760),
    default: '168',
    help: 'how long a login lasts without a refresh, hours, 1 to 8760',
  },
  sessionHours: {
    env: 'VECTRON_SESSION_HOURS',
    flag: 'session-hours',
    schema: setting.integer(1, 87_600),
    default: '720',
    help: 'how long a login lasts at most, however often it is refreshed, hours, 1 to 87600',
  },
  maxSessions: {
    env: 'VECTRON_USER_MAX_SESSIONS',
    flag: 'user-max-sessions',
    schema: setting.integer(1, 1_000),
    default: '100',
    help: 'logins that one user may have at a time; a new one ends the oldest',
  },
  addressFailures: {
    env: 'VECTRON_ADDRESS_MAX_FAILURES',
    flag: 'address-max-failures',
    schema: setting.integer(1, 1_000_000),
    default: '100',
    help: 'wrong passwords from one address, or IPv6 /64 network, in a quarter of an hour before more are delayed; logins from addresses that their account is known from do not count',
  },
  registrationsByAddress: {
    env: 'VECTRON_ADDRESS_MAX_REGISTRATIONS',
    flag: 'address-max-registrations',
    schema: setting.integer(1, 1_000_000),
    default: '20',
    help: 'accounts that one address, or IPv6 /64 network, may register in an hour where registration is open',
  },
  registrations: {
    env: 'VECTRON_MAX_REGISTRATIONS',
    flag: 'max-registrations',
    schema: setting.integer(1, 1_000_000),
    default: '1000',
    help: 'accounts that may be registered in an hour where registration is open',
  },
} as const;

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
  ...accountKnobs,
  logLevel: logLevelKnob,
});
export type AuthConfig = ConfigOf<typeof authKnobs.knobs>;
