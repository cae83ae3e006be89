import { VectronError } from '@vectron/errors';
import type { CollectionOptions, VectronClient } from '@vectron/sdk';
import { inNewCollection } from '../../filling.js';
import type { RowSource } from '../rows.js';
import { type Imported, importRows } from './importing.js';
import type { Fit } from './point-check.js';
import { type ImportIdentity, ProgressFile } from './progress-file.js';
import { Report } from './report.js';
import { newTally, type Tally, tallyFrom } from './tally.js';

export interface FileImport {
  readonly source: RowSource;
  /** What people call it. */
  readonly file: string;
  readonly identity: ImportIdentity;
  readonly collection: string;
  /** Of a collection that is made; missing: as the file says, else cosine. One that is there must have it. */
  readonly distance?: string;
  /** Of a collection that is made; missing: that of the file. */
  readonly dimension?: number;
  /** Where the report goes; the progress is kept beside it. */
  readonly report: string;
  /** The report is there also when no row was refused. */
  readonly alwaysReports?: boolean;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
  readonly batchSize?: number;
  readonly stopsAtRefusal?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (tally: Tally) => void;
}

export interface FileImported extends Imported {
  /** The collection was made, and has points. */
  readonly made: boolean;
  readonly dimension: number | undefined;
  readonly distance: string;
  /** More rows were acknowledged than the new collection has points: that many took the place of others. */
  readonly replaced: number;
}

export const progressFileOf = (report: string): ProgressFile => new ProgressFile(`${report}.progress.json`);

/**
 * Imports a file into a collection, which is made when it is not there, and not left behind when no point came into it. What
 * was done is kept in a file beside the report until the whole file is done. Throws INVALID_ARGUMENT or DIMENSION_MISMATCH
 * when the file does not fit the collection as a whole, before anything is written.
 */
export async function importFile(db: VectronClient, one: FileImport): Promise<FileImported> {
  const { source, collection, identity, dryRun = false } = one;
  const progress = progressFileOf(one.report);
  const earlier = one.resume === true ? progress.resumed(identity) : undefined;
  const known = (await db.listCollections()).some(({ name }) => name === collection) || (await isAlias(db, collection));
  if (earlier !== undefined && !known) {
    throw new VectronError(
      'COLLECTION_NOT_FOUND',
      `the import cannot continue: collection ${collection} was deleted; import again without --resume`,
    );
  }
  const settings = settingsFor(one);
  const fit = known ? await fitOf(db, collection, earlier?.made === true) : newFit(settings);
  if (known) checkFits(one, fit);

  const report =
    dryRun && one.alwaysReports !== true ? undefined : new Report(one.report, earlier?.reportBytes, one.alwaysReports);
  let made = earlier?.made ?? false;
  const run = async (onAcknowledged: (points: number) => void): Promise<Imported> => {
    const from = earlier === undefined ? newTally() : tallyFrom(earlier.tally);
    const save = (tally: Tally) => progress.save({ identity, tally, reportBytes: report?.bytes ?? 0, made });
    try {
      if (!dryRun) save(from);
      return await importRows({
        ...{ source, collection, fit, report, db: dryRun ? undefined : db },
        ...{ batchSize: one.batchSize, stopsAtRefusal: one.stopsAtRefusal, signal: one.signal },
        from,
        onProgress(tally) {
          onAcknowledged(tally.points);
          if (!dryRun) save(tally);
          one.onProgress?.(tally);
        },
      });
    } catch (error) {
      // Without a point there is nothing to go on from, nor a collection.
      if (made && from.points === 0) progress.remove();
      throw error;
    } finally {
      report?.close();
    }
  };
  let imported: Imported;
  // Without a dimension no row has a vector, and all of them are refused.
  if (known || dryRun || settings.dimension === undefined) imported = await run(() => {});
  else {
    made = true;
    const options = settings as CollectionOptions;
    imported = await inNewCollection(db, collection, options, { keepsParts: true }, async (onAcknowledged) => {
      const result = await run(onAcknowledged);
      return { result, isKept: result.tally.points > 0 };
    });
    made = imported.tally.points > 0;
  }
  const isOver = imported.ended === 'whole' || (made && imported.tally.points === 0);
  if (isOver && !dryRun) progress.remove();
  const replaced = made && imported.someIdsUnseen ? imported.tally.points - (await db.count(collection)).count : 0;
  const { dimension, distance } = fit;
  return { ...imported, made, dimension: dimension || undefined, distance, replaced: Math.max(0, replaced) };
}

const isAlias = async (db: VectronClient, name: string) => (await db.listAliases()).some(({ alias }) => alias === name);

type Settings = Omit<CollectionOptions, 'dimension'> & { readonly dimension?: number };

function settingsFor({ source, distance, dimension }: FileImport): Settings {
  const { settings, namedVectors = [], sparseVectors = [] } = source;
  const metric = (distance ?? source.distance ?? settings?.distance ?? 'cosine') as 'cosine';
  return {
    ...settings,
    dimension: dimension ?? source.dimension ?? settings?.dimension,
    distance: metric,
    namedVectors:
      settings?.namedVectors ?? namedVectors.map((one) => ({ ...one, distance: (one.distance ?? metric) as 'cosine' })),
    sparseVectors: settings?.sparseVectors ?? sparseVectors,
  };
}

const newFit = ({ dimension = 0, distance = 'cosine', namedVectors = [], sparseVectors = [] }: Settings): Fit => ({
  dimension,
  distance,
  vectors: new Map(namedVectors.map((one) => [one.name, one.dimension])),
  sparse: new Set(sparseVectors),
  grows: true,
});

async function fitOf(db: VectronClient, name: string, grows: boolean): Promise<Fit> {
  const [{ dimension, distance }, { namedVectors, sparseVectors }] = await Promise.all([
    db.collectionStatus(name),
    db.listIndexes(name),
  ]);
  const vectors = new Map(namedVectors.map((one) => [one.name, one.dimension]));
  return { dimension, distance, vectors, sparse: new Set(sparseVectors), grows };
}

function checkFits({ source, collection, distance, dimension, file }: FileImport, fit: Fit): void {
  const asked = dimension ?? source.dimension;
  if (asked !== undefined && asked !== fit.dimension) {
    throw new VectronError(
      'DIMENSION_MISMATCH',
      `the vectors of ${file} have ${asked} dimensions, but collection ${collection} has ${fit.dimension}; import into another collection`,
    );
  }
  if (distance !== undefined && distance !== fit.distance) {
    throw VectronError.invalid(
      'distance',
      `collection ${collection} has the distance ${fit.distance}; omit --distance`,
    );
  }
}
