import { startSeparate } from '../harness/system.js';
import { describeSystem } from './system.suite.js';

describeSystem('each service its own process', startSeparate);
