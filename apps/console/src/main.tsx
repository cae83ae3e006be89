import '@mantine/core/styles.css';
import './frame/frame.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { VectronError } from '@vectron/errors';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { onReturn, watchConnection } from './frame/connection';
import { theme } from './frame/theme';
import { router } from './routes';

/** Once, where the code of the error says that it may help. */
const retry = (failures: number, error: Error): boolean =>
  failures < 1 && error instanceof VectronError && error.retryable;

// Requests are sent whatever the browser believes of the network: one that waits for it shows nothing.
const queries = new QueryClient({
  defaultOptions: {
    queries: { retry, refetchOnWindowFocus: false, networkMode: 'always' },
    mutations: { networkMode: 'always' },
  },
});
watchConnection();
onReturn(() => void queries.invalidateQueries());

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <MantineProvider defaultColorScheme="auto" theme={theme}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
