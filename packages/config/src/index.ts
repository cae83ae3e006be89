export { type ConfigOf, defineKnobs, type Knob, type KnobSet, knobReference, type RawSettings } from './knobs.js';
export * as setting from './schemas.js';
export {
  clusterTlsKnobs,
  logLevelKnob,
  metaStoreKnobs,
  placementAddressKnob,
  serverTlsKnobs,
  tracingKnobs,
} from './service-knobs.js';
