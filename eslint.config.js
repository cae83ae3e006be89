import tseslint from 'typescript-eslint';

// Biome does the rest; this one needs types.
export default tseslint.config(
  {
    ignores: [
      '**/dist',
      '**/generated',
      '**/*.js',
      '**/*.mjs',
      'packages/engine/native',
      'apps/console',
      '**/*.test.ts',
      '**/*.contract.ts',
      'test/**',
    ],
  },
  {
    files: ['packages/**/*.ts', 'apps/**/*.ts'],
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true } },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
    },
  },
);
