import { Alert, Button, Card, Code, FileButton, Group, MultiSelect, Select, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type DragEvent, useState } from 'react';
import { Failure } from '../../failure';
import { useCollection } from '../names';
import { Payload } from '../payload';
import { useStatus } from '../status/status';
import { saveAs } from '../transfer/save-as';
import { TransferProgress } from '../transfer/transfer-progress';
import { useTransfer } from '../transfer/use-transfer';
import { Wide } from '../wide';
import { type Columns, pointOf, type Understood, understand } from './columns';
import { type Imported, importRows, reportOf } from './importing';
import { openRows, type Row, type RowSource } from './rows';

/** Rows by which columns are understood. */
const FIRST_ROWS = 200;
/** Of those, as many are shown. */
const PREVIEW = 3;

interface Opened {
  readonly name: string;
  readonly source: RowSource;
  readonly understood: Understood;
  readonly first: readonly Row[];
}

/** Writes the rows of a file that is dropped here as points. */
export function ImportPage() {
  const collection = useCollection();
  const status = useStatus(collection);
  const open = useMutation({ mutationFn: opened });
  return (
    <Stack>
      <DropZone onFile={(file) => open.mutate(file)} />
      {open.isPending && <Text role="status">Reading the first rows …</Text>}
      <Failure error={open.error} />
      {open.data && status.data && (
        <ImportForm
          key={open.submittedAt}
          collection={collection}
          dimension={status.data.dimension}
          opened={open.data}
        />
      )}
    </Stack>
  );
}

async function opened(file: File): Promise<Opened> {
  const source = await openRows(file);
  const first: Row[] = [];
  for await (const row of source.rows()) {
    first.push(row);
    if (first.length >= FIRST_ROWS) break;
  }
  return { name: file.name, source, understood: understand(first), first };
}

function DropZone({ onFile }: { onFile: (file: File) => void }) {
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const [file] = event.dataTransfer.files;
    if (file) onFile(file);
  };
  return (
    <Card
      withBorder
      p="xl"
      data-testid="drop"
      style={{ borderStyle: 'dashed', borderColor: over ? 'var(--mantine-primary-color-filled)' : undefined }}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Stack align="center" gap="xs">
        <Text ta="center">Drop a file here: JSONL, CSV or Parquet. Each row becomes a point.</Text>
        <FileButton
          onChange={(file) => file && onFile(file)}
          accept=".jsonl,.ndjson,.csv,.tsv,.parquet"
          inputProps={{ name: 'file' } as object}
        >
          {(props) => (
            <Button variant="light" {...props}>
              Choose a file
            </Button>
          )}
        </FileButton>
      </Stack>
    </Card>
  );
}

interface FormProps {
  readonly collection: string;
  readonly dimension: number;
  readonly opened: Opened;
}

function ImportForm({ collection, dimension, opened: { name, source, understood, first } }: FormProps) {
  const [id, setId] = useState(understood.id);
  const [vector, setVector] = useState(understood.vector);
  const [chosen, setChosen] = useState(understood.payload);
  const queries = useQueryClient();
  const payload = chosen === 'whole' ? chosen : chosen.filter((one) => one !== id && one !== vector);
  const columns: Columns = { id, vector, payload };
  const work = useTransfer((given: Columns, run) => importRows({ source, columns: given, collection, dimension }, run));
  const start = () =>
    work.mutate(columns, {
      onSettled: () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[1] === collection }),
    });
  const isClear = id !== '' && vector !== '';
  return (
    <Stack>
      <Text size="sm" data-testid="file">
        {name}: {source.format}
        {source.total === undefined ? '' : `, ${source.total.toLocaleString('en')} rows`}
      </Text>
      {source.leftOut.length > 0 && (
        <Alert color="yellow" title="Columns that are left out">
          {source.leftOut.join('; ')}. The command vectron import keeps them as text.
        </Alert>
      )}
      <Group align="end" gap="xs">
        <Select label="Id" data={[...understood.names]} value={id || null} onChange={(one) => setId(one ?? '')} />
        <Select
          label="Vector"
          data={[...understood.names]}
          value={vector || null}
          onChange={(one) => setVector(one ?? '')}
        />
        {chosen === 'whole' ? (
          <Text size="sm" mb={8}>
            The payload is what is in the column payload.
          </Text>
        ) : (
          <MultiSelect
            label="Payload"
            style={{ flex: '1 1 240px' }}
            data={understood.names.filter((one) => one !== id && one !== vector)}
            value={[...(payload as readonly string[])]}
            onChange={(names) => setChosen(names)}
          />
        )}
      </Group>
      {!isClear && (
        <Alert color="yellow" title="Which column is it?">
          No column is clearly the {id === '' ? 'id' : 'vector'}: choose it.
        </Alert>
      )}
      {isClear && <Preview first={first} columns={columns} dimension={dimension} />}
      <Group>
        <Button disabled={!isClear} loading={work.isPending} onClick={start}>
          Import into {collection}
        </Button>
      </Group>
      {work.isPending && <TransferProgress progress={work.progress} onStop={work.stop} />}
      <Failure error={work.error} />
      {work.error && work.progress && (
        <Text size="sm">{work.progress.done.toLocaleString('en')} points were written before it ended.</Text>
      )}
      {work.data && <Outcome file={name} {...work.data} />}
    </Stack>
  );
}

const shownNumber = (value: number) => String(Number(value.toPrecision(4)));

/** What the first rows become. */
function Preview({ first, columns, dimension }: { first: readonly Row[]; columns: Columns; dimension: number }) {
  return (
    <Wide label="first rows" minWidth={480}>
      <Table aria-label="first rows">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Id</Table.Th>
            <Table.Th>Vector</Table.Th>
            <Table.Th>Payload</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {first.slice(0, PREVIEW).map((row) => {
            const point = pointOf(row, columns, dimension);
            if ('reason' in point)
              return (
                <Table.Tr key={row.line}>
                  <Table.Td colSpan={3}>
                    Line {row.line} is refused: {point.reason}
                  </Table.Td>
                </Table.Tr>
              );
            return (
              <Table.Tr key={row.line}>
                <Table.Td style={{ overflowWrap: 'anywhere', minWidth: 110 }}>{point.id}</Table.Td>
                <Table.Td>
                  <Code>
                    [{point.vector.slice(0, 3).map(shownNumber).join(', ')}
                    {point.vector.length > 3 ? `, … ${point.vector.length} in all` : ''}]
                  </Code>
                </Table.Td>
                <Table.Td>
                  <Payload value={point.payload} />
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

function Outcome({ file, written, refused, rows }: Imported & { file: string }) {
  return (
    <Alert
      // It is below what was to be checked before, and often below the window.
      ref={(element) => element?.scrollIntoView({ block: 'nearest' })}
      color={refused.length === 0 ? 'teal' : 'yellow'}
      title={`${written.toLocaleString('en')} of ${rows.toLocaleString('en')} rows are points`}
      data-testid="imported"
    >
      {refused.length > 0 && (
        <Stack gap="xs" align="start">
          {refused.slice(0, 5).map(({ line, reason }) => (
            <Text key={line} size="sm">
              Line {line}: {reason}
            </Text>
          ))}
          <Button size="xs" variant="default" onClick={() => saveAs(reportOf(file, refused), `${file}.rejected.jsonl`)}>
            Download all {refused.length.toLocaleString('en')} refused rows
          </Button>
        </Stack>
      )}
    </Alert>
  );
}
