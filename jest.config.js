import { measurePace, testLimitMs } from './test/harness/pace.mjs';

/** One limit for all tests and hooks; test/harness/pace.mjs says why. */
const limitMs = testLimitMs(await measurePace());

// Nest 12 is ESM only: see docs/adr/0001. Run through `npm run jest`, which passes --experimental-vm-modules.
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  moduleNameMapper: {
    '^@vectron/(errors|proto|config|observability|rpc|routing|metastore|model|engine|rest-client|sdk|mcp|nestjs|langchain)$':
      '<rootDir>/packages/$1/src/index.ts',
    '^@vectron/(gateway|placement-driver|worker|auth|reranker|cli)$': '<rootDir>/apps/$1/src/index.ts',
    '^@vectron/(gateway|placement-driver|worker|auth|reranker)/config$': '<rootDir>/apps/$1/src/config.ts',
    '^@vectron/proto/descriptors$': '<rootDir>/packages/proto/src/generated/descriptors.ts',
    '^@vectron/nestjs/(grpc|terminus)$': '<rootDir>/packages/nestjs/src/$1.ts',
    '^@vectron/engine/replication$': '<rootDir>/packages/engine/src/replication.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testMatch: ['<rootDir>/packages/**/*.test.ts', '<rootDir>/apps/**/*.test.ts', '<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/bundle/', '/build/'],
  modulePathIgnorePatterns: ['<rootDir>/build/'],
  testTimeout: limitMs,
  globals: { TEST_LIMIT_MS: limitMs },
  reporters: ['default', '<rootDir>/test/harness/summary.mjs'],
};
