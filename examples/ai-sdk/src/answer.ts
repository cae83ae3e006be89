import { generateText, type LanguageModel, stepCountIs } from 'ai';
import type { Knowledge } from './knowledge.js';

/** What a model makes of the passages that it has searched for. */
export async function answer(question: string, knowledge: Knowledge, model: LanguageModel): Promise<string> {
  const { text } = await generateText({
    model,
    system: 'Search the handbook before you answer. Answer from what was found alone, and name its source.',
    prompt: question,
    tools: { searchHandbook: knowledge.tool() },
    stopWhen: stepCountIs(5),
  });
  return text;
}
