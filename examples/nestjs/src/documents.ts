/** What points of the collection have beside their vector. */
export interface Document {
  title: string;
  year: number;
  text: string;
}

/** What the application imports when it starts, by id. */
export const DOCUMENTS: Readonly<Record<string, Document>> = {
  hnsw: {
    title: 'Hierarchical navigable small world graphs',
    year: 2016,
    text: 'A graph of several layers answers approximate nearest neighbour searches in logarithmic time.',
  },
  raft: {
    title: 'In search of an understandable consensus algorithm',
    year: 2014,
    text: 'Raft elects a leader that replicates a log to a majority of servers.',
  },
  bm25: {
    title: 'The probabilistic relevance framework',
    year: 2009,
    text: 'BM25 ranks documents by the words of a query, how rare they are and how long the documents are.',
  },
  lsm: {
    title: 'The log-structured merge-tree',
    year: 1996,
    text: 'Writes are collected in memory and merged to sorted files on disk.',
  },
};
