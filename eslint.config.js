import tseslint from 'typescript-eslint';

const TESTS = ['**/*.test.ts', '**/*.suite.ts', '**/*.contract.ts', 'test/**/*.ts'];

/** The clocks that a duration is read from. */
const NOW = "CallExpression[callee.object.name=/^(Date|performance)$/][callee.property.name='now']";
const OWN_LIMIT = 'The one time limit of all tests is in test/harness/pace.mjs; leave the number out.';
const SLEEP = 'Wait for a condition, not for a while: `until` of test/harness/waiting.ts.';
const DURATION =
  'How long something takes depends on what else runs: print it with `told` of test/harness/figures.ts, or wait with `until`.';
const forbid = (message, ...selectors) => selectors.map((selector) => ({ selector, message }));

/** No test has a limit of its own, sleeps for a while or asserts a time; test/conformance/untimed.test.ts tries these. */
const UNTIMED = [
  ...forbid(
    OWN_LIMIT,
    'CallExpression[callee.name=/^(it|test)$/][arguments.length>2]',
    'CallExpression[callee.object.name=/^(it|test)$/][callee.property.name=/^(only|skip|failing)$/][arguments.length>2]',
    "CallExpression[callee.callee.property.name='each'][arguments.length>2]",
    'CallExpression[callee.name=/^(before|after)(All|Each)$/][arguments.length>1]',
    "CallExpression[callee.object.name='jest'][callee.property.name=/^(setTimeout|retryTimes)$/]",
    "Property[key.name='timeout'][value.type='Literal']",
    'CallExpression[callee.property.name=/^setDefault(Navigation)?Timeout$/] > Literal',
  ),
  ...forbid(
    SLEEP,
    "CallExpression[callee.name='setTimeout']",
    "CallExpression[callee.property.name='setTimeout'][callee.object.name!='jest']",
    "CallExpression[callee.object.name='AbortSignal'][callee.property.name='timeout']",
    "CallExpression[callee.object.name='Atomics'][callee.property.name='wait']",
    'ImportDeclaration[source.value=/^(node:)?timers\\u002fpromises$/]',
  ),
  ...forbid(
    DURATION,
    "MemberExpression[object.name='performance'][property.name='now']",
    "MemberExpression[object.name='process'][property.name='hrtime']",
    // A date in the past, `Date.now() - 1_000`, is no duration.
    `BinaryExpression[operator='-'][right.type!='Literal'] > ${NOW}`,
    `BinaryExpression[operator=/^[<>]=?$/] ${NOW}`,
    `CallExpression[callee.name='expect'] ${NOW}`,
  ),
];

// Biome does the rest; these need types, or are about tests alone.
export default tseslint.config(
  {
    ignores: [
      '**/dist',
      '**/bundle',
      'build',
      '**/generated',
      '**/*.js',
      '**/*.mjs',
      'packages/engine/native',
      'apps/cli/bin',
      'apps/console',
    ],
  },
  {
    files: ['packages/**/*.ts', 'apps/**/*.ts', 'examples/**/*.ts'],
    ignores: TESTS,
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true } },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
    },
  },
  {
    files: TESTS,
    // The place that waits and tells times for all tests.
    ignores: ['test/harness/**'],
    languageOptions: { parser: tseslint.parser },
    rules: { 'no-restricted-syntax': ['error', ...UNTIMED] },
  },
);
