import type { Knob } from './knobs.js';
import { logLevel, text } from './schemas.js';

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
  schema: text,
  default: '127.0.0.1:6001',
  help: 'HOST:PORT of the placement driver',
} as const satisfies Knob;
