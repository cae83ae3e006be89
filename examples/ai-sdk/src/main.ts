import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { connect, open } from '@vectron/sdk';
import { answer } from './answer.js';
import { HANDBOOK } from './handbook.js';
import { Knowledge } from './knowledge.js';

const {
  VECTRON_URL,
  VECTRON_API_KEY,
  MODELS_URL = 'http://127.0.0.1:11434/v1',
  MODELS_API_KEY,
  CHAT_MODEL = 'qwen3:4b',
  EMBEDDING_MODEL = 'nomic-embed-text',
} = process.env;
const question = process.argv[2] ?? 'How long are backups kept?';

const models = createOpenAICompatible({ name: 'models', baseURL: MODELS_URL, apiKey: MODELS_API_KEY });
await using db =
  VECTRON_URL === undefined ? await open('./handbook') : connect(VECTRON_URL, { apiKey: VECTRON_API_KEY });
const knowledge = await Knowledge.in(db, 'handbook', models.embeddingModel(EMBEDDING_MODEL));
await knowledge.add(HANDBOOK);
console.log(await answer(question, knowledge, models.chatModel(CHAT_MODEL)));
