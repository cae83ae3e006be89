import 'reflect-metadata';

export { clientKnobs, SERVICES } from './config.js';
export { EXAMPLES, EXIT_CODES, wordsOf } from './help.js';
export { LocalCluster, type LocalClusterInfo, type LocalClusterOptions } from './local/local-cluster.js';
export { run } from './main.js';
export { vectronProgram } from './program.js';
export { startSingleServer } from './single-server.js';
