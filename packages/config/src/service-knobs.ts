import type { Knob } from './knobs.js';
import { addressList, logLevel, optionalText, text } from './schemas.js';

/** Knobs that several services have, so that they are spelled alike. */
export const logLevelKnob = {
  env: 'VECTRON_LOG',
  flag: 'log',
  schema: logLevel,
  default: 'warn',
  help: 'fatal, error, warn, info, debug or trace',
} as const satisfies Knob;

export const placementAddressKnob = {
  env: 'VECTRON_PD',
  flag: 'pd',
  schema: addressList,
  default: '127.0.0.1:6001',
  help: 'HOST:PORT of the placement driver; of several, with commas between them',
} as const satisfies Knob;

/** Where the placement driver and auth keep what all of their processes share. */
export const metaStoreKnobs = {
  etcd: {
    env: 'VECTRON_ETCD',
    flag: 'etcd',
    schema: addressList.optional(),
    help: 'http(s)://HOST:PORT,... of the etcd members that hold the metadata; default: a file in the data directory, for one process',
  },
  etcdPrefix: {
    env: 'VECTRON_ETCD_PREFIX',
    flag: 'etcd-prefix',
    schema: text,
    default: '/vectron',
    help: 'before every key in etcd, so that several installations can share it',
  },
  etcdAuthority: {
    env: 'VECTRON_ETCD_TLS_CA',
    flag: 'etcd-tls-ca',
    schema: optionalText,
    help: "PEM file of the authority of etcd's certificates",
  },
  etcdCertificate: {
    env: 'VECTRON_ETCD_TLS_CERT',
    flag: 'etcd-tls-cert',
    schema: optionalText,
    help: 'PEM file of the certificate to show etcd',
  },
  etcdKey: {
    env: 'VECTRON_ETCD_TLS_KEY',
    flag: 'etcd-tls-key',
    schema: optionalText,
    help: "PEM file of that certificate's key",
  },
  etcdUser: {
    env: 'VECTRON_ETCD_USER',
    flag: 'etcd-user',
    schema: optionalText,
    help: 'user name in etcd; its password is read from VECTRON_ETCD_PASSWORD_FILE',
  },
  etcdPasswordFile: {
    env: 'VECTRON_ETCD_PASSWORD_FILE',
    flag: 'etcd-password-file',
    schema: optionalText,
    help: 'file with the password of that user',
  },
} as const;
