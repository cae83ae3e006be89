interface Place {
  readonly to: string;
  readonly label: string;
  /** Who sees it: administrators, or everybody who is logged in. */
  readonly for?: 'admin';
}

/** The navigation: rooms with their pages, in the order of the tab key. */
export const ROOMS: readonly { readonly label: string; readonly places: readonly Place[] }[] = [
  {
    label: 'Data',
    places: [
      { to: '/', label: 'Collections' },
      { to: '/start', label: 'First steps' },
    ],
  },
  {
    label: 'Access',
    places: [
      { to: '/keys', label: 'API keys' },
      { to: '/people', label: 'People', for: 'admin' },
      { to: '/audit', label: 'Audit log', for: 'admin' },
    ],
  },
  {
    label: 'System',
    places: [
      { to: '/health', label: 'System health' },
      { to: '/statistics', label: 'Statistics', for: 'admin' },
      { to: '/slow-queries', label: 'Slow queries', for: 'admin' },
      { to: '/cluster', label: 'Cluster', for: 'admin' },
      { to: '/alerts', label: 'Alerts', for: 'admin' },
    ],
  },
];

/** Whether `pathname` is a page of the place. Pages of a collection belong to the collections. */
export const isAt = (to: string, pathname: string): boolean =>
  to === '/' ? pathname === '/' || pathname.startsWith('/collections') : pathname.startsWith(to);
