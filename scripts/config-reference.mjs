// Writes docs/configuration.md from the declared settings (npm run docs:config); --check fails when it is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { SERVICES } from '../apps/cli/dist/index.js';
import { knobReference } from '../packages/config/dist/index.js';

const file = 'docs/configuration.md';
const title = (name) => (name.includes(' ') ? name[0].toUpperCase() + name.slice(1) : `\`vectron ${name}\``);
const sections = Object.entries(SERVICES).map(([name, knobs]) => knobReference(title(name), portable(knobs)));
const text = `# Configuration

Every setting is available as a flag and as an environment variable; the flag takes precedence. An invalid value or an unknown \`VECTRON_*\`
variable prevents the start, and the error lists all faults. This page is generated from the declarations of the settings
(\`npm run docs:config\`).

${sections.join('\n')}`;

/** Defaults that depend on the machine are described in their help. */
function portable(knobs) {
  const machine = new Set([String(availableParallelism()), String(Math.max(1, availableParallelism() >> 1))]);
  return Object.fromEntries(
    Object.entries(knobs).map(([name, knob]) => [
      name,
      /cores?$/.test(knob.help) && machine.has(knob.default) ? { ...knob, default: undefined } : knob,
    ]),
  );
}

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error(`${file} is stale: run \`npm run docs:config\` and commit the result`);
  process.exitCode = 1;
}
