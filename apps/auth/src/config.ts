import { type ConfigOf, defineKnobs, logLevelKnob, metaStoreKnobs, setting } from '@vectron/config';

/** What people may do with accounts and logins, whichever process serves them. */
export const accountKnobs = {
  tokenMinutes: {
    env: 'VECTRON_AUTH_TOKEN_MINUTES',
    flag: 'token-minutes',
    schema: setting.integer(1, 1440),
    default: '15',
    help: 'lifetime of an access token, minutes, 1 to 1440',
  },
  registration: {
    env: 'VECTRON_REGISTRATION',
    flag: 'registration',
    schema: setting.oneOf(['closed', 'invite', 'open']),
    default: 'closed',
    help: "who can register an account: closed: people invited by an administrator; invite: also people invited by a member, into the member's tenant; open: everybody, each in a new tenant",
  },
  maxTenantUsers: {
    env: 'VECTRON_MAX_TENANT_USERS',
    flag: 'max-tenant-users',
    schema: setting.integer(1, 100_000),
    default: '1000',
    help: 'maximum number of accounts of one tenant, 1 to 100000',
  },
  maxUserKeys: {
    env: 'VECTRON_MAX_KEYS_PER_USER',
    flag: 'max-keys-per-user',
    schema: setting.integer(1, 10_000),
    default: '100',
    help: 'maximum number of API keys of one account, 1 to 10000',
  },
  maxInvitations: {
    env: 'VECTRON_MAX_INVITATIONS',
    flag: 'max-invitations',
    schema: setting.integer(1, 10_000),
    default: '100',
    help: 'maximum number of open invitations created by the accounts of one tenant, 1 to 10000',
  },
  sessionIdleHours: {
    env: 'VECTRON_SESSION_IDLE_HOURS',
    flag: 'session-idle-hours',
    schema: setting.integer(1, 8_760),
    default: '168',
    help: 'hours after which a login without a refresh ends, 1 to 8760',
  },
  sessionHours: {
    env: 'VECTRON_SESSION_HOURS',
    flag: 'session-hours',
    schema: setting.integer(1, 87_600),
    default: '720',
    help: 'maximum lifetime of a login, regardless of refreshes, hours, 1 to 87600',
  },
  maxSessions: {
    env: 'VECTRON_USER_MAX_SESSIONS',
    flag: 'user-max-sessions',
    schema: setting.integer(1, 1_000),
    default: '100',
    help: 'maximum number of concurrent logins of one user; a new one ends the oldest',
  },
  addressFailures: {
    env: 'VECTRON_ADDRESS_MAX_FAILURES',
    flag: 'address-max-failures',
    schema: setting.integer(1, 1_000_000),
    default: '100',
    help: 'number of wrong passwords from one address, or IPv6 /64 network, in 15 minutes after which further attempts are delayed; attempts from an address that the account has used recently do not count',
  },
  registrationsByAddress: {
    env: 'VECTRON_ADDRESS_MAX_REGISTRATIONS',
    flag: 'address-max-registrations',
    schema: setting.integer(1, 1_000_000),
    default: '20',
    help: 'maximum number of accounts that one address, or IPv6 /64 network, can register per hour if registration is open',
  },
  registrations: {
    env: 'VECTRON_MAX_REGISTRATIONS',
    flag: 'max-registrations',
    schema: setting.integer(1, 1_000_000),
    default: '1000',
    help: 'maximum number of accounts that can be registered per hour if registration is open',
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
    help: 'directory for the secrets, and for users and keys unless they are in etcd; shared by all auth processes',
  },
  ...metaStoreKnobs,
  ...accountKnobs,
  logLevel: logLevelKnob,
});
export type AuthConfig = ConfigOf<typeof authKnobs.knobs>;
