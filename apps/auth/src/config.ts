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
  logLevel: logLevelKnob,
});
export type AuthConfig = ConfigOf<typeof authKnobs.knobs>;
