// Writes docs/cli.md from the commands of the command line (npm run docs:cli); --check fails when it is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { clientKnobs, EXAMPLES, EXIT_CODES, vectronProgram, wordsOf } from '../apps/cli/dist/index.js';

const file = 'docs/cli.md';
const program = await vectronProgram();

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
const anchor = (words) => `vectron-${words.replaceAll(' ', '-')}`;
/** Settings have a page of their own, and so have what all commands of clients share. */
const isSetting = ({ description }) => /\[VECTRON_\w+\]$/.test(description);

function optionRows(command) {
  const own = command.options.filter(
    (option) => !isSetting(option) && option.long !== '--json' && option.long !== '--version',
  );
  if (own.length === 0) return [];
  const row = ({ flags, description, mandatory, defaultValue }) => {
    const shown = defaultValue === undefined || typeof defaultValue === 'function' ? '' : ` (default: ${defaultValue})`;
    return `| \`${cell(flags)}\` | ${cell(description)}${shown}${mandatory ? '; required' : ''} |`;
  };
  return ['| option | effect |', '|---|---|', ...own.map(row), ''];
}

const clientFlags = new Set(Object.values(clientKnobs.knobs).map(({ flag }) => `--${flag}`));

function kindOf(command) {
  const settings = command.options.filter(isSetting).map(({ long }) => long);
  const kinds = [];
  if (settings.includes('--profile'))
    kinds.push('This client command also accepts the [options of all clients](#options-of-all-clients).');
  if (settings.some((flag) => !clientFlags.has(flag)))
    kinds.push('[configuration.md](configuration.md) describes its settings.');
  return kinds.join(' ');
}

/** Why scripts/docs-blocks.mjs does not run the examples of a command; apps/cli/src/help.test.ts parses all of them. */
const GOES_ON = 'it goes on until it is stopped';
const ELSEWHERE = 'it names a server or a file that is not here';
const NOT_RUN = {
  serve: GOES_ON,
  'collections create': 'its lines are alternatives',
  import: ELSEWHERE,
  changes: GOES_ON,
  login: ELSEWHERE,
  logout: ELSEWHERE,
  'profiles use': ELSEWHERE,
  doctor: ELSEWHERE,
  stats: GOES_ON,
  workers: GOES_ON,
  mcp: GOES_ON,
  shell: GOES_ON,
};

function section(command, depth) {
  const words = wordsOf(command);
  const usage = `vectron ${words} ${command.usage()}`.replace(
    / \[options\]/,
    command.options.length > 0 ? ' [options]' : '',
  );
  const lines = [`${'#'.repeat(depth)} \`vectron ${words}\``, '', sentence(command.description()), ''];
  if (command.commands.length > 0) {
    lines.push('| command | effect |', '|---|---|');
    for (const one of command.commands)
      lines.push(`| [\`${one.name()}\`](#${anchor(wordsOf(one))}) | ${cell(one.description())} |`);
    lines.push('');
    return [...lines, ...command.commands.flatMap((one) => section(one, depth + 1))];
  }
  lines.push('```', usage, '```', '');
  const kind = kindOf(command);
  if (kind !== '') lines.push(kind, '');
  lines.push(...optionRows(command));
  const examples = EXAMPLES[words];
  const reason = NOT_RUN[words] === undefined ? '' : ` no-run="${NOT_RUN[words]}"`;
  if (examples !== undefined) lines.push(`\`\`\`sh${reason}`, ...examples, '```', '');
  return lines;
}

const groups = new Map();
for (const command of program.commands)
  groups.set(command.helpGroup(), [...(groups.get(command.helpGroup()) ?? []), command]);

const overview = [...groups].flatMap(([group, commands]) => [
  `**${group.replace(/:$/, '')}**: ${commands.map((one) => `[\`${one.name()}\`](#${anchor(one.name())})`).join(', ')}`,
  '',
]);
const clientRows = Object.values(clientKnobs.knobs).map(
  (knob) =>
    `| \`--${knob.flag} <value>\` | \`${knob.env}\` | ${cell(knob.help)}${knob.default === undefined ? '' : ` (default: \`${knob.default}\`)`} |`,
);
const text = `# Command line

\`npx vectron --help\` lists the commands, and \`--help\` after a command lists its options. This page is generated from the same definitions
(\`npm run docs:cli\`).

${overview.join('\n')}
## Which server, and which key

A client command finds its server and its key in this order:

1. The flags \`--url\`, \`--ca-file\`, \`--api-key\`, \`--api-key-file\` and \`--data\`, then the corresponding environment variables. If one of them is
   given, no profile is used, so that the key of a profile is never sent to another server.
2. The profile that \`--profile\` or \`VECTRON_PROFILE\` names.
3. The profile that was last created with [\`vectron login\`](#vectron-login) or chosen with [\`vectron profiles use\`](#vectron-profiles-use).
4. \`http://127.0.0.1:8080\`, with the key in \`./data/bootstrap.json\` if a single server has written one. This key
   is only sent to this machine (\`127.0.0.0/8\`, \`::1\`, \`localhost\`), unless \`--data\` or \`VECTRON_DATA\` names its folder.

Profiles are stored in \`$XDG_CONFIG_HOME/vectron/profiles.json\` (default \`~/.config\`), which only its owner can read; a file that others
can read is refused. \`vectron login --email\` creates an API key that expires, so that no password is stored, and \`vectron logout\`
revokes the key.

## Options of all clients

| option | environment | effect |
|---|---|---|
${clientRows.join('\n')}
| \`--json\` | | print JSON: the answer to the standard output, and an error as \`{"error": {"code", "message", "retryable", "requestId", "exitCode"}}\` to the standard error output |

## Exit codes

| code | meaning |
|---|---|
| 0 | success |
| 1 | any failure that is not listed below |
${EXIT_CODES.map(({ code, meaning }) => `| ${code} | ${meaning} |`).join('\n')}

## Completion

\`\`\`sh
mkdir -p ~/.local/share/bash-completion/completions && vectron completion bash > ~/.local/share/bash-completion/completions/vectron
mkdir -p ~/.zfunc && vectron completion zsh > ~/.zfunc/_vectron        # with fpath+=~/.zfunc before compinit in ~/.zshrc
mkdir -p ~/.config/fish/completions && vectron completion fish > ~/.config/fish/completions/vectron.fish
\`\`\`

${program.commands
  .filter((command) => command.name() !== 'help')
  .flatMap((command) => section(command, 2))
  .join('\n')
  .trimEnd()}
`;

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error(`${file} is stale: run \`npm run docs:cli\` and commit the result`);
  process.exitCode = 1;
}
