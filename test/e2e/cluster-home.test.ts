import { startCluster } from '../harness/system.js';
import { describeSystem } from './system.suite.js';

describeSystem('a cluster of three workers on etcd', () => startCluster());
