import type { Knob } from './knobs.js';
import { addressList, flag, listenAddress, logLevel, optionalText, share, text } from './schemas.js';

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
  help: 'HOST:PORT of the placement driver; separate several with commas',
} as const satisfies Knob;

/** Where the placement driver and auth keep what all of their processes share. */
export const metaStoreKnobs = {
  etcd: {
    env: 'VECTRON_ETCD',
    flag: 'etcd',
    schema: addressList.optional(),
    help: 'http(s)://HOST:PORT,... of the etcd members that store the metadata; default: a file in the data directory, for a single process',
  },
  etcdPrefix: {
    env: 'VECTRON_ETCD_PREFIX',
    flag: 'etcd-prefix',
    schema: text,
    default: '/vectron',
    help: 'prefix of every key in etcd, so that several installations can share it',
  },
  etcdAuthority: {
    env: 'VECTRON_ETCD_TLS_CA',
    flag: 'etcd-tls-ca',
    schema: optionalText,
    help: 'PEM file with the certificate authority of etcd',
  },
  etcdCertificate: {
    env: 'VECTRON_ETCD_TLS_CERT',
    flag: 'etcd-tls-cert',
    schema: optionalText,
    help: 'PEM file with the client certificate for etcd',
  },
  etcdKey: {
    env: 'VECTRON_ETCD_TLS_KEY',
    flag: 'etcd-tls-key',
    schema: optionalText,
    help: 'PEM file with the key of that certificate',
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

/** Of listeners for everybody. */
export const serverTlsKnobs = {
  tlsCertificate: {
    env: 'VECTRON_TLS_CERT',
    flag: 'tls-cert',
    schema: optionalText,
    help: 'PEM file with the certificate of the public listeners and its chain; reloaded when it changes',
  },
  tlsKey: {
    env: 'VECTRON_TLS_KEY',
    flag: 'tls-key',
    schema: optionalText,
    help: 'PEM file with the key of that certificate',
  },
  tlsOld: {
    env: 'VECTRON_TLS_ACCEPT_1_2',
    flag: 'tls-accept-1-2',
    schema: flag,
    default: 'false',
    help: 'true: also accept TLS 1.2; false: only TLS 1.3',
  },
  insecure: {
    env: 'VECTRON_INSECURE_LISTEN',
    flag: 'insecure-listen',
    schema: flag,
    default: 'false',
    help: 'true: allow other machines to connect without TLS, for use behind a proxy that terminates TLS',
  },
} as const;

/** Of what services of a cluster say to each other. */
export const clusterTlsKnobs = {
  clusterAuthority: {
    env: 'VECTRON_CLUSTER_TLS_CA',
    flag: 'cluster-tls-ca',
    schema: optionalText,
    help: 'PEM file with the certificate authority of the cluster, for mutual TLS between services; without it, services can only reach each other on this machine',
  },
  clusterCertificate: {
    env: 'VECTRON_CLUSTER_TLS_CERT',
    flag: 'cluster-tls-cert',
    schema: optionalText,
    help: 'PEM file with the certificate of this service, issued by that authority; reloaded when it changes',
  },
  clusterKey: {
    env: 'VECTRON_CLUSTER_TLS_KEY',
    flag: 'cluster-tls-key',
    schema: optionalText,
    help: 'PEM file with the key of the certificate',
  },
} as const;

export const tracingKnobs = {
  traceEndpoint: {
    env: 'VECTRON_OTLP_TRACES',
    flag: 'otlp-traces',
    schema: optionalText,
    help: 'URL to which OpenTelemetry spans are sent (OTLP over HTTP), such as http://127.0.0.1:4318/v1/traces; default: no tracing',
  },
  traceShare: {
    env: 'VECTRON_TRACE_SHARE',
    flag: 'trace-share',
    schema: share,
    default: '1',
    help: 'share of requests to trace, 0 to 1, unless the caller has already decided',
  },
} as const;

/** Of the listener that Prometheus reads the metrics of a process at. */
export const metricsKnobs = {
  metricsListen: {
    env: 'VECTRON_METRICS_LISTEN',
    flag: 'metrics-listen',
    schema: listenAddress.optional(),
    help: 'HOST:PORT at which Prometheus can read the metrics of this process with the token of --metrics-token-file; other machines can only connect with TLS; default: no such listener',
  },
  metricsTokenFile: {
    env: 'VECTRON_METRICS_TOKEN_FILE',
    flag: 'metrics-token-file',
    schema: optionalText,
    help: 'file with that token, of at least 32 characters, or with several tokens, one per line; reloaded when it changes; default: <data>/secrets/metrics.token, created if it does not exist',
  },
} as const;
