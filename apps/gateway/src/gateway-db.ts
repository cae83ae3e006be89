import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type Generated, Kysely, Migrator, SqliteDialect, sql } from 'kysely';
import Database from 'libsql';

/** The gateway's own SQLite file: feedback and alerts. */
export interface GatewayTables {
  feedback: {
    id: string;
    tenant: string;
    user: string;
    collection: string;
    query: string;
    query_id: string;
    /** JSON: what was shown, with positions and scores; null when the answer is no longer known. */
    impression: string | null;
    result_ids: string;
    context: string;
    created_at_ms: number;
  };
  feedback_item: {
    id: Generated<number>;
    feedback_id: string;
    result_id: string;
    relevance_score: number;
    clicked: number;
    position: number;
    comment: string;
  };
  alert: {
    id: string;
    rule: string;
    subject: string;
    level: string;
    message: string;
    opened_at_ms: number;
    resolved_at_ms: number | null;
    resolved_by: string | null;
    /** When what it told of was over; null while it may still be so. */
    cleared_at_ms: number | null;
  };
  alert_rule: {
    rule: string;
    enabled: number;
    level: string;
    threshold: number;
  };
}

export type GatewayDb = Kysely<GatewayTables>;

const MIGRATIONS = {
  '001_feedback_and_alerts': {
    async up(db: Kysely<unknown>) {
      await sql`CREATE TABLE feedback (id TEXT PRIMARY KEY, tenant TEXT NOT NULL, user TEXT NOT NULL, collection TEXT NOT NULL,
        query TEXT NOT NULL, query_id TEXT NOT NULL, impression TEXT, result_ids TEXT NOT NULL, context TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL)`.execute(db);
      await sql`CREATE TABLE feedback_item (id INTEGER PRIMARY KEY, feedback_id TEXT NOT NULL REFERENCES feedback (id),
        result_id TEXT NOT NULL, relevance_score INTEGER NOT NULL, clicked INTEGER NOT NULL, position INTEGER NOT NULL,
        comment TEXT NOT NULL)`.execute(db);
      await sql`CREATE INDEX feedback_by_collection ON feedback (tenant, collection, created_at_ms)`.execute(db);
      await sql`CREATE TABLE alert (id TEXT PRIMARY KEY, rule TEXT NOT NULL, subject TEXT NOT NULL, level TEXT NOT NULL,
        message TEXT NOT NULL, opened_at_ms INTEGER NOT NULL, resolved_at_ms INTEGER, resolved_by TEXT)`.execute(db);
    },
  },
  '002_alert_rules': {
    async up(db: Kysely<unknown>) {
      await sql`ALTER TABLE alert ADD COLUMN cleared_at_ms INTEGER`.execute(db);
      await sql`UPDATE alert SET cleared_at_ms = resolved_at_ms`.execute(db);
      await sql`CREATE TABLE alert_rule (rule TEXT PRIMARY KEY, enabled INTEGER NOT NULL, level TEXT NOT NULL,
        threshold REAL NOT NULL)`.execute(db);
    },
  },
  '003_feedback_by_age': {
    async up(db: Kysely<unknown>) {
      await sql`CREATE INDEX feedback_by_age ON feedback (tenant, created_at_ms)`.execute(db);
      await sql`CREATE INDEX feedback_item_by_feedback ON feedback_item (feedback_id)`.execute(db);
      await sql`CREATE INDEX alert_by_end ON alert (cleared_at_ms)`.execute(db);
    },
  },
};

/** Opens `<data>/gateway/gateway.db` (0600), bringing its tables up to date. */
export async function openGatewayDb(data: string): Promise<GatewayDb> {
  const dir = join(data, 'gateway');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, 'gateway.db');
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  const database = new Database(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  const db = new Kysely<GatewayTables>({ dialect: new SqliteDialect({ database: database as never }) });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
  return db;
}
