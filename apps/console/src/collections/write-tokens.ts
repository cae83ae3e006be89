/** The token of the last write to each collection from this tab: a search that asks for it sees that write. */
const tokens = new Map<string, string>();

export const writeTokens = {
  keep<T extends { readonly writeToken: string }>(collection: string, answer: T): T {
    if (answer.writeToken !== '') tokens.set(collection, answer.writeToken);
    return answer;
  },
  of: (collection: string): string => tokens.get(collection) ?? '',
};
