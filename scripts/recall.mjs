// npm run bench:recall -- [--seed N] [--long] [--only PART] [--cells]: what searches say of their recall and what they reach
// (bench/recall/README.md). Exits with 1 when a cell is wrong.
import { join } from 'node:path';
import { cache, cargoEnvironment, run, setup } from './setup.mjs';

await setup();
const env = cargoEnvironment;
run('cargo', ['build', '--workspace', '--release', '--locked', '--examples'], { env });
run(join(cache, 'target', 'release', 'examples', 'recall'), process.argv.slice(2), { env });
