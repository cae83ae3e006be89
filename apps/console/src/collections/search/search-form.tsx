import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  NumberInput,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import type { ReactNode } from 'react';
import { FilterEditor } from '../points/filter-editor';
import { type Ask, type Branch, type BranchKind, isSearch } from './ask';

/** What of a collection decides which fields a search has. */
export interface Searchable {
  readonly rerank: boolean;
  readonly embedding: boolean;
  readonly namedVectors: readonly string[];
  readonly sparseVectors: readonly string[];
  readonly textPaths: readonly string[];
  readonly paths: readonly string[];
}

interface Props {
  readonly ask: Ask;
  readonly onChange: (ask: Ask) => void;
  readonly of: Searchable;
  /** The buttons below. */
  readonly children: ReactNode;
}

const numberOf = (value: number | string): number | undefined => (value === '' ? undefined : Number(value));

/** What is searched for, among which points, and how well. */
export function SearchForm({ ask, onChange, of, children }: Props) {
  const set = (change: Partial<Ask>) => onChange({ ...ask, ...change });
  const setBranch = (at: number, branch: Branch | undefined) =>
    set({ branches: ask.branches.flatMap((old, i) => (i === at ? (branch ?? []) : old)) });
  const isFused = ask.branches.length > 1;
  return (
    <Stack>
      {ask.branches.map((branch, at) => (
        <BranchFields
          key={at}
          branch={branch}
          of={of}
          isFused={isFused}
          onChange={(changed) => setBranch(at, changed)}
        />
      ))}
      <Group gap="xs" align="end">
        <Button
          size="xs"
          variant="light"
          disabled={ask.branches.length >= 16}
          onClick={() =>
            set({ branches: [...ask.branches, { kind: of.textPaths.length > 0 ? 'words' : 'vector', value: '' }] })
          }
        >
          Add a branch
        </Button>
        {isFused && (
          <Select
            label="Fused by"
            size="xs"
            w={150}
            data={[
              { value: 'rrf', label: 'ranks (rrf)' },
              { value: 'weighted', label: 'scaled scores' },
            ]}
            value={ask.fusion ?? 'rrf'}
            onChange={(value) => set({ fusion: value === 'weighted' ? 'weighted' : undefined })}
            allowDeselect={false}
          />
        )}
      </Group>
      <FilterEditor value={ask.filter ?? ''} onChange={(filter) => set({ filter })} paths={of.paths} />
      <Tuning ask={ask} set={set} of={of} />
      {children}
    </Stack>
  );
}

const KINDS: Record<BranchKind, string> = {
  vector: 'a vector',
  point: 'an existing point',
  text: 'a text (embedded)',
  words: 'words (BM25)',
  examples: 'example points',
  sparse: 'a sparse vector',
};

interface BranchProps {
  readonly branch: Branch;
  readonly of: Searchable;
  readonly isFused: boolean;
  readonly onChange: (branch: Branch | undefined) => void;
}

function BranchFields({ branch, of, isFused, onChange }: BranchProps) {
  const kinds: BranchKind[] = [
    'vector',
    'point',
    ...(of.embedding ? (['text'] as const) : []),
    ...(of.textPaths.length > 0 ? (['words'] as const) : []),
    'examples',
    ...(of.sparseVectors.length > 0 ? (['sparse'] as const) : []),
  ];
  const data = [...new Set([...kinds, branch.kind])].map((kind) => ({ value: kind, label: KINDS[kind] }));
  const changeKind = (kind: string | null) =>
    onChange({
      kind: (kind ?? 'vector') as BranchKind,
      value: '',
      second: kind === 'sparse' ? of.sparseVectors[0] : undefined,
      weight: branch.weight,
    });
  return (
    <Group align="end" gap="xs">
      <Select
        label="Near to"
        aria-label="what is searched for"
        w={190}
        data={data}
        value={branch.kind}
        onChange={changeKind}
        allowDeselect={false}
      />
      <Sought branch={branch} onChange={onChange} of={of} />
      {isFused && (
        <>
          <NumberInput
            label="Weight"
            w={90}
            min={0}
            max={1_000_000}
            placeholder="1"
            value={branch.weight ?? ''}
            onChange={(value) => onChange({ ...branch, weight: numberOf(value) })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            mb={6}
            aria-label="remove branch"
            onClick={() => onChange(undefined)}
          >
            ×
          </ActionIcon>
        </>
      )}
    </Group>
  );
}

function Sought({ branch, onChange, of }: Omit<BranchProps, 'isFused'>) {
  const value = (text: string) => onChange({ ...branch, value: text });
  const second = (text: string) => onChange({ ...branch, second: text });
  const grow = { flex: '1 1 220px' };
  switch (branch.kind) {
    case 'vector':
      return (
        <Textarea
          label="Vector, as a JSON array"
          name="vector"
          placeholder="[0.1, 0.2, …]"
          autosize
          minRows={1}
          maxRows={4}
          style={grow}
          value={branch.value}
          onChange={(e) => value(e.target.value)}
        />
      );
    case 'point':
      return (
        <TextInput
          label="Id of the point"
          name="like"
          style={grow}
          value={branch.value}
          onChange={(e) => value(e.target.value)}
        />
      );
    case 'text':
      return (
        <TextInput label="Text" name="text" style={grow} value={branch.value} onChange={(e) => value(e.target.value)} />
      );
    case 'words':
      return (
        <>
          <TextInput
            label="Words"
            name="words"
            style={grow}
            value={branch.value}
            onChange={(e) => value(e.target.value)}
          />
          <TextInput
            label="In the fields"
            placeholder={of.textPaths.join(', ')}
            value={branch.second ?? ''}
            onChange={(e) => second(e.target.value)}
          />
        </>
      );
    case 'examples':
      return (
        <>
          <TextInput
            label="Near the points"
            name="positive"
            placeholder="a, b"
            style={grow}
            value={branch.value}
            onChange={(e) => value(e.target.value)}
          />
          <TextInput
            label="Far from the points"
            name="negative"
            placeholder="c"
            style={grow}
            value={branch.second ?? ''}
            onChange={(e) => second(e.target.value)}
          />
        </>
      );
    default:
      return (
        <>
          <Select
            label="Of the name"
            w={140}
            data={[...of.sparseVectors]}
            value={branch.second ?? null}
            onChange={(name) => second(name ?? '')}
            allowDeselect={false}
          />
          <TextInput
            label="Index and value pairs"
            placeholder="7: 0.5, 19: 1"
            style={grow}
            value={branch.value}
            onChange={(e) => value(e.target.value)}
          />
        </>
      );
  }
}

interface TuningProps {
  readonly ask: Ask;
  readonly set: (change: Partial<Ask>) => void;
  readonly of: Searchable;
}

function Tuning({ ask, set, of }: TuningProps) {
  const isOne = isSearch(ask);
  return (
    <Group align="end" gap="xs">
      <NumberInput
        label="Results"
        name="topK"
        w={90}
        min={1}
        max={10_000}
        placeholder="10"
        value={ask.topK ?? ''}
        onChange={(value) => set({ topK: numberOf(value) })}
      />
      <Accuracy ask={ask} set={set} />
      <Consistency ask={ask} set={set} />
      {of.namedVectors.length > 0 && (
        <Select
          label="Vector searched"
          w={140}
          data={[
            { value: '', label: 'the first one' },
            ...of.namedVectors.map((name) => ({ value: name, label: name })),
          ]}
          value={ask.using ?? ''}
          onChange={(using) => set({ using: using || undefined })}
          allowDeselect={false}
        />
      )}
      <NumberInput
        label="Least score"
        name="threshold"
        w={110}
        step={0.1}
        value={ask.threshold ?? ''}
        onChange={(value) => set({ threshold: numberOf(value) })}
      />
      {isOne && of.rerank && (
        <TextInput
          label="Text for reranking"
          name="query"
          w={200}
          value={ask.query ?? ''}
          onChange={(e) => set({ query: e.target.value })}
        />
      )}
      <NumberInput
        label="Diversity"
        name="diversity"
        w={100}
        min={0}
        max={1}
        step={0.1}
        placeholder="0 to 1"
        value={ask.diversity ?? ''}
        onChange={(value) => set({ diversity: numberOf(value) })}
      />
      <TextInput
        label="Group by"
        name="groupBy"
        placeholder="field"
        w={120}
        value={ask.groupBy ?? ''}
        onChange={(e) => set({ groupBy: e.target.value })}
      />
      {isOne ? (
        <>
          <TextInput
            label="Why is this point not found?"
            name="whyNot"
            placeholder="id of a point"
            w={200}
            value={ask.whyNot ?? ''}
            onChange={(e) => set({ whyNot: e.target.value })}
          />
          <Checkbox
            label="Explain"
            name="explain"
            mb={8}
            checked={ask.explain === true}
            onChange={(e) => set({ explain: e.currentTarget.checked || undefined })}
          />
        </>
      ) : (
        <Text size="xs" c="dimmed" mb={8}>
          A search by one vector can be explained; a query cannot.
        </Text>
      )}
    </Group>
  );
}

const RECALLS = ['0.9', '0.95', '0.98', '0.99'];
const ACCURACIES = [
  { value: '', label: 'default' },
  ...RECALLS.map((value) => ({ value, label: `recall ${value}` })),
  { value: 'ef', label: 'ef' },
  { value: 'exact', label: 'exact' },
];

function Accuracy({ ask, set }: Omit<TuningProps, 'of'>) {
  const { accuracy } = ask;
  const other =
    accuracy === 'recall' && !RECALLS.includes(String(ask.recall))
      ? [{ value: String(ask.recall), label: `recall ${ask.recall}` }]
      : [];
  const choose = (value: string | null) => {
    if (value === 'ef') set({ accuracy: 'ef', ef: ask.ef ?? 100, recall: undefined });
    else if (value === 'exact') set({ accuracy: 'exact', ef: undefined, recall: undefined });
    else if (value) set({ accuracy: 'recall', recall: Number(value), ef: undefined });
    else set({ accuracy: undefined, ef: undefined, recall: undefined });
  };
  return (
    <>
      <Select
        label="Accuracy"
        w={130}
        data={[...ACCURACIES, ...other]}
        value={accuracy === 'recall' ? String(ask.recall) : (accuracy ?? '')}
        onChange={choose}
        allowDeselect={false}
      />
      {accuracy === 'ef' && (
        <NumberInput
          label="ef"
          name="ef"
          w={90}
          min={1}
          max={10_000}
          value={ask.ef ?? ''}
          onChange={(value) => set({ ef: numberOf(value) })}
        />
      )}
    </>
  );
}

function Consistency({ ask, set }: Omit<TuningProps, 'of'>) {
  return (
    <>
      <Select
        label="Consistency"
        w={150}
        data={[
          { value: '', label: 'any' },
          { value: 'bounded', label: 'bounded' },
          { value: 'at_least', label: 'at least a write' },
          { value: 'linearizable', label: 'linearizable' },
        ]}
        value={ask.consistency ?? ''}
        onChange={(value) => set({ consistency: (value || undefined) as Ask['consistency'] })}
        allowDeselect={false}
      />
      {ask.consistency === 'bounded' && (
        <NumberInput
          label="Not older than, ms"
          w={130}
          min={0}
          placeholder="2000"
          value={ask.maxStalenessMs ?? ''}
          onChange={(value) => set({ maxStalenessMs: numberOf(value) })}
        />
      )}
      {ask.consistency === 'at_least' && (
        <TextInput
          label="Token of the write"
          w={160}
          value={ask.writeToken ?? ''}
          onChange={(e) => set({ writeToken: e.target.value })}
        />
      )}
    </>
  );
}
