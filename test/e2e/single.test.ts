import { startSingle } from '../harness/system.js';
import { describeSystem } from './system.suite.js';

describeSystem('one process', () => startSingle());
