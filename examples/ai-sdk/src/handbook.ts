import type { Passage } from './knowledge.js';

/** What is asked about, by id. */
export const HANDBOOK: Readonly<Record<string, Passage>> = {
  backups: {
    source: 'handbook/backups',
    text: 'Backups are made every night at two and kept for thirty days.',
  },
  holidays: {
    source: 'handbook/holidays',
    text: 'Holidays are asked for two weeks before, in the calendar of the team.',
  },
  incidents: {
    source: 'handbook/incidents',
    text: 'Whoever sees an incident calls the person on duty and opens a page for it.',
  },
};
