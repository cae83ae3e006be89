/** What the tools of one server may do, and how much they answer. */
export interface McpSettings {
  /** Whether there are tools that write and delete points. */
  readonly write: boolean;
  /** The only collections, or aliases, that can be seen, by the names given here; undefined: all that the API key may see. */
  readonly collections?: readonly string[];
  /** Most bytes of the JSON of one answer, at least 16 KiB. What does not fit is left out, and the answer says so. */
  readonly maxAnswerBytes: number;
  /** Milliseconds that one call of a tool may take. */
  readonly timeoutMs: number;
  /** What the server says of itself. */
  readonly version: string;
  /** Takes a line for the operator; never the standard output, which is the protocol's. */
  readonly log: (line: string) => void;
}
