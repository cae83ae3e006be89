export { type PlacementConfig, placementKnobs } from './config.js';
export { PlacementController } from './placement.controller.js';
export { PlacementModule } from './placement.module.js';
