// What the blocks of a page take for granted, by page: `sh` is run before the first block, `ts` stands before each block of TypeScript that
// imports nothing, and `tsEnd` behind each.

const PAPERS = `vectron collections create papers --dimension 4
echo '[{"id": "a", "vector": [1, 2, 3, 4], "payload": {"summary": "Les articles", "file": "loadInvoice.py"}}]' | vectron points upsert papers
`;
const CLIENT = `import { connect } from '@vectron/sdk';
const db = connect(process.env.VECTRON_URL, { apiKey: process.env.VECTRON_API_KEY });
`;

const PREPARATIONS = {
  'docs/data-model.md': {
    sh: PAPERS,
    ts: `${CLIENT}
const batches = [[{ id: 'b', vector: [4, 3, 2, 1] }], [{ id: 'c', vector: [1, 1, 1, 1] }]];
const copy = new Map();
// The stream of changes does not end by itself.
setInterval(() => [...copy.keys()].sort().join(' ') === 'a b c' && process.exit(0), 100);
`,
    tsEnd: '\nprocess.exit(0);\n',
  },
  'docs/text.md': { sh: PAPERS },
  'docs/import.md': {
    sh: `${PAPERS}
vectron collections export papers papers.parquet
echo '{"key": "k1", "embedding": [1, 2, 3, 4], "title": "first", "year": 2026}' | gzip > papers.jsonl.gz
`,
  },
  'docs/mcp.md': { sh: `${PAPERS}mkdir -p home/ada` },
  'docs/cli.md': {
    sh: `vectron collections create products --dimension 2
echo '[{"id": "p", "vector": [1, 0], "payload": {"price": 5}}]' > points.json
vectron points upsert products --file points.json
vectron indexes create debian-packages summary --type text --language english
mkdir -p ~/.local/share/bash-completion/completions ~/.zfunc ~/.config/fish/completions
`,
  },
};

export const preparationOf = (file) => PREPARATIONS[file] ?? {};
