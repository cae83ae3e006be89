export { type ConfigOf, defineKnobs, type Knob, type KnobSet, knobReference, type RawSettings } from './knobs.js';
export * as setting from './schemas.js';
export { logLevelKnob, metaStoreKnobs, placementAddressKnob } from './service-knobs.js';
