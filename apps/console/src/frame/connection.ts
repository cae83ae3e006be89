import { useSyncExternalStore } from 'react';

/** `slow`: a request has waited for `SLOW_MS` and is not answered; `down`: the server cannot be reached. */
export type Connection = 'up' | 'slow' | 'down';

/** How often the server is asked for a sign of life, and how soon again when there was none. */
const LOOK_MS = 5_000;
const LOOK_AGAIN_MS = 1_500;
const SLOW_MS = 3_000;
const GIVE_UP_MS = 8_000;

let state: Connection = 'up';
const listeners = new Set<() => void>();
const returns = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;

function become(next: Connection): void {
  if (next === state) return;
  const wasDown = state === 'down';
  state = next;
  for (const listener of listeners) listener();
  if (next === 'down') schedule();
  if (wasDown) for (const back of returns) back();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether the server answers, as the last request and a look every five seconds tell. */
export const useConnection = (): Connection => useSyncExternalStore(subscribe, () => state);

/** Calls `back` each time that the server answers again, until what it returns is called. */
export function onReturn(back: () => void): () => void {
  returns.add(back);
  return () => {
    returns.delete(back);
  };
}

/** A proxy answers so for a server that is not there; Vectron's own failures are JSON. */
const isOfProxy = ({ status, headers }: Response): boolean =>
  (status === 502 || status === 504) && !headers.get('content-type')?.includes('json');

/** `fetch` that keeps the connection's state. */
export async function watchedFetch(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    become(isOfProxy(response) ? 'down' : 'up');
    return response;
  } catch (error) {
    // Who gave up or left the page says nothing of the server.
    if (!request.signal.aborted) become('down');
    throw error;
  }
}

/** One look; the public `/healthz` takes no login, and is answered by a gateway whose other services are down, too. */
async function look(): Promise<void> {
  const slow = setTimeout(() => become(state === 'down' ? 'down' : 'slow'), SLOW_MS);
  try {
    const response = await fetch('/healthz', { signal: AbortSignal.timeout(GIVE_UP_MS), cache: 'no-store' });
    become(isOfProxy(response) ? 'down' : 'up');
  } catch {
    become('down');
  } finally {
    clearTimeout(slow);
    schedule();
  }
}

function schedule(): void {
  clearTimeout(timer);
  timer = setTimeout(() => void look(), state === 'up' ? LOOK_MS : LOOK_AGAIN_MS);
}

/** Looks after the server for as long as the page is open. */
export function watchConnection(): void {
  schedule();
  window.addEventListener('offline', () => become('down'));
  window.addEventListener('online', () => void look());
}
