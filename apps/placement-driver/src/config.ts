import { type ConfigOf, defineKnobs, logLevelKnob, setting } from '@vectron/config';

export const placementKnobs = defineKnobs({
  listen: {
    env: 'VECTRON_PD_LISTEN',
    flag: 'listen',
    schema: setting.internalAddress,
    default: '127.0.0.1:6001',
    help: 'HOST:PORT of the internal gRPC listener, loopback only; or unix:PATH',
  },
  data: {
    env: 'VECTRON_DATA',
    flag: 'data',
    schema: setting.text,
    default: './data',
    help: 'directory of the metadata',
  },
  unhealthySeconds: {
    env: 'VECTRON_PD_UNHEALTHY_SECONDS',
    flag: 'unhealthy-seconds',
    schema: setting.integer(1, 3600),
    default: '15',
    help: 'seconds without a heartbeat after which a worker is unhealthy, 1 to 3600',
  },
  logLevel: logLevelKnob,
});
export type PlacementConfig = ConfigOf<typeof placementKnobs.knobs>;
