export { defineKnobs, type Knob, type KnobSet, type ConfigOf, type RawSettings, knobReference } from './knobs.js';
export * as setting from './schemas.js';
