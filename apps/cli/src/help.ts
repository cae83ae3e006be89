import type { Command } from 'commander';

/** What a failed command exits with; 0 is success, and 1 any other failure. */
export const EXIT_CODES: readonly {
  readonly code: number;
  readonly meaning: string;
  readonly http: readonly number[];
}[] = [
  { code: 2, meaning: 'invalid usage, or an invalid request', http: [400, 413] },
  { code: 3, meaning: 'the named object does not exist', http: [404] },
  { code: 4, meaning: 'no key, or a key without the required permission', http: [401, 403] },
  { code: 5, meaning: 'the server cannot be reached or is overloaded; try again', http: [429, 503, 504] },
];

/** Ways to use a command, by its words. Each is a line for a shell. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  serve: [
    'vectron serve',
    'vectron serve --data /var/lib/vectron --http 0.0.0.0:8080 --tls-cert server.pem --tls-key server.key',
  ],
  'collections create': [
    'vectron collections create products --dimension 384',
    'vectron collections create products --dimension 768 --distance dot --shards 4',
  ],
  'collections copy': ['vectron collections copy products products-v2'],
  'collections snapshot': ['vectron collections snapshot products products.jsonl'],
  'points upsert': [
    'vectron points upsert products --file points.json',
    `echo '{"id": "a", "vector": [0.1, 0.2], "payload": {"colour": "red"}}' | vectron points upsert products`,
  ],
  'points list': [`vectron points list products --filter '{"field": "price", "lt": 10}' --order-by price`],
  search: [
    'vectron search debian-packages --like exim4-daemon-heavy --top-k 5',
    `vectron search debian-packages --text 'mail server' --filter '{"field": "section", "eq": "mail"}'`,
    'vectron search debian-packages --like exim4-daemon-heavy --explain --why-not postfix',
  ],
  import: ['vectron import articles.parquet', 'vectron import articles rows.jsonl'],
  changes: ['vectron changes products --follow --json'],
  login: [
    'vectron login --url https://vectron.example.org --email ada@example.org',
    'vectron login --profile production --url https://vectron.example.org --api-key-file production.key',
  ],
  logout: ['vectron logout --profile production'],
  'profiles use': ['vectron profiles use production'],
  'keys create': ['vectron keys create reader --role read --collection products --expires 30d --out reader.key'],
  doctor: ['vectron doctor', 'vectron doctor --url https://vectron.example.org --api-key-file admin.key'],
  stats: ['vectron stats --watch', 'vectron stats --json'],
  workers: ['vectron workers --watch 5'],
  mcp: [
    'vectron mcp',
    'vectron mcp --embedded ./library --collections articles',
    'vectron mcp --write --http 127.0.0.1:8811',
  ],
  recall: ['vectron recall debian-packages'],
  shell: ['vectron shell', `vectron shell --eval "await db.count('debian-packages')"`],
  completion: [
    'vectron completion bash > ~/.local/share/bash-completion/completions/vectron',
    'vectron completion zsh > ~/.zfunc/_vectron',
  ],
};

/** The words of a command after `vectron`. */
export const wordsOf = (command: Command): string =>
  command.parent === null ? '' : `${wordsOf(command.parent)} ${command.name()}`.trim();

/** All commands below this one, groups before what is in them. */
export const allCommands = (command: Command): Command[] =>
  command.commands.flatMap((one) => [one, ...allCommands(one)]);

/** Adds the examples to the help of the commands that have some, and what a command exits with to the help of the program. */
export function addExamples(program: Command): void {
  for (const command of allCommands(program)) {
    const examples = EXAMPLES[wordsOf(command)];
    if (examples !== undefined)
      command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
  }
  const codes = EXIT_CODES.map(({ code, meaning }) => `  ${code}  ${meaning}`);
  program.addHelpText(
    'after',
    `\nExamples:\n  vectron serve\n  vectron search debian-packages --like exim4-daemon-heavy\n  vectron search --help\n\nExit codes:\n  0  success\n  1  failure\n${codes.join('\n')}`,
  );
}
