// `npm i @vectron/nestjs` in empty folders, with NestJS 11 and 12: the README's programs, as ES modules and as CommonJS.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, version } from './folders.mjs';
import { stranger } from './strangers.mjs';

/** The last of NestJS 11, which is CommonJS, and what this repository has. Both with packages that fit them. */
const FRAMEWORKS = {
  11: ['@nestjs/common@11.2.10', '@nestjs/core@11.2.10', '@nestjs/terminus@11.1.1'],
  12: ['@nestjs/common@12.5.1', '@nestjs/core@12.5.1', '@nestjs/terminus@12.1.0'],
};
const OTHERS = ['reflect-metadata@0.2.2', 'rxjs@7.8.2', '@types/node@20.19.0'];

const [program, server] = [
  ...readFileSync(join(root, 'packages/nestjs/README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g),
].map(([, text]) => text);

/** Without `await` outside of functions, which TypeScript has in ES modules alone. */
const inFunction = (text) => text.replace(/\n(const app = [\s\S]*)$/, '\nvoid (async () => {\n$1})();\n');

/** How each kind of module is compiled: as NestJS's own starter does, and as TypeScript did before packages had `exports`. */
const KINDS = {
  'ES modules': { file: 'program.mts', options: { module: 'nodenext' } },
  CommonJS: { file: 'program.cts', options: { module: 'nodenext' } },
  'CommonJS, node10': {
    file: 'program.ts',
    options: { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' },
  },
};

function tryKind(who, { url, apiKey }, { file, options }) {
  const isModule = file.endsWith('.mts');
  const bound = program.replace('grpc://127.0.0.1:8081', url);
  const more = file.replace('program', 'server');
  writeFileSync(join(who.work, file), isModule ? bound : inFunction(bound));
  writeFileSync(join(who.work, more), `${server}console.log(ServerModule.name);\n`);
  const compilerOptions = {
    ...{ target: 'es2022', strict: true, skipLibCheck: true, types: ['node'], esModuleInterop: true },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
    ...options,
  };
  writeFileSync(join(who.work, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file, more] }));
  who.run('node', [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.']);
  const compiled = (name) => name.replace(/ts$/, 'js');
  const found = who.run('node', [compiled(file)], { VECTRON_API_KEY: apiKey });
  if (found !== "[ 'anvil' ]\n") throw new Error(`the program has printed ${found}`);
  const loaded = who.run('node', [compiled(more)]);
  if (loaded !== 'ServerModule\n') throw new Error(`the second program has printed ${loaded}`);
}

/** `server`: one that runs, with its key. */
export async function tryNestjs(registry, { grpc: url, apiKey }, check) {
  for (const [major, packages] of Object.entries(FRAMEWORKS)) {
    const who = stranger(registry);
    try {
      await check(`npm i @vectron/nestjs with NestJS ${major}`, () => {
        writeFileSync(join(who.work, 'package.json'), '{}');
        const own = [`@vectron/nestjs@${version}`, `@vectron/sdk@${version}`];
        who.run('npm', ['install', '--no-audit', '--no-fund', ...own, ...packages, ...OTHERS]);
      });
      for (const [name, kind] of Object.entries(KINDS)) {
        // NestJS 12 is ES modules, which that resolution takes for CommonJS.
        if (major === '12' && name.endsWith('node10')) continue;
        await check(`the README of @vectron/nestjs with NestJS ${major}, ${name}`, () =>
          tryKind(who, { url, apiKey }, kind),
        );
      }
    } finally {
      who.remove();
    }
  }
}
