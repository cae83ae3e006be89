import 'reflect-metadata';

export { SERVICES } from './config.js';
export { LocalCluster, type LocalClusterInfo, type LocalClusterOptions } from './local/local-cluster.js';
export { run } from './main.js';
export { startSingleServer } from './single-server.js';
