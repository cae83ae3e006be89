/** An endpoint that speaks OpenAI's embeddings API. */
export interface ProviderOptions {
  /** Base of the API, such as `https://api.openai.com/v1`. */
  url: string;
  model: string;
  apiKey?: string | undefined;
  /** Milliseconds that one request may take: 1 to 600,000; default 10,000. */
  timeoutMs?: number | undefined;
  /** Texts a request: 1 to 2,048; default 64. */
  batch?: number | undefined;
  /** Requests at once: 1 to 64; default 4. */
  concurrency?: number | undefined;
  /** Before each text of a point, for models that were trained so; at most 1,000 characters; default none. */
  documentPrefix?: string | undefined;
  /** Before each text that is searched for. */
  queryPrefix?: string | undefined;
  /** Ask for as many dimensions as the collection has, of models that can give fewer than all; default false. */
  sendDimension?: boolean | undefined;
}
