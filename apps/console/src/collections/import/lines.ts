/** The lines of a text file, numbered from 1; a line ends at a line feed alone. A byte order mark is passed over. */
export async function* linesOf(file: Blob): AsyncGenerator<{ readonly line: number; readonly text: string }> {
  const reader = file
    .stream()
    .pipeThrough(new TextDecoderStream('utf-8', { fatal: true }))
    .getReader();
  let rest = '';
  let line = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      line += 1;
      yield { line, text };
    }
  }
  if (rest !== '') yield { line: line + 1, text: rest };
}
