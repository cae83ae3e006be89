export { type ConfigOf, defineKnobs, type Knob, type KnobSet, knobReference, type RawSettings } from './knobs.js';
export * as setting from './schemas.js';
export {
  clusterTlsKnobs,
  logLevelKnob,
  metaStoreKnobs,
  metricsKnobs,
  placementAddressKnob,
  serverTlsKnobs,
  tracingKnobs,
} from './service-knobs.js';
