import {
  ActionIcon,
  Autocomplete,
  Box,
  Button,
  Code,
  Group,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { stringifyJson } from '@vectron/model/exact-json';
import { useState } from 'react';
import { JsonField } from '../../frame/json-field';
import {
  EMPTY,
  type FilterNode,
  filterText,
  GROUP_OPS,
  type GroupOp,
  isFlag,
  NEW_FIELD,
  nodesOf,
  TESTS,
  type Test,
} from './filter-nodes';

const OP_LABELS: Record<GroupOp, string> = { all: 'all hold', any: 'at least one holds', none: 'none holds' };
const TEST_LABELS: Record<Test, string> = {
  eq: 'is',
  in: 'is one of',
  notIn: 'is none of',
  gt: '>',
  gte: '≥',
  lt: '<',
  lte: '≤',
  prefix: 'begins with',
  text: 'has the words',
  phrase: 'has the phrase',
  exists: 'exists',
  isNull: 'is null',
};

interface Props {
  /** The filter as JSON text; empty: none. */
  readonly value: string;
  readonly onChange: (text: string) => void;
  /** Paths of payload fields that a condition can choose from; others can be typed in the JSON. */
  readonly paths: readonly string[];
}

/** A filter as conditions, and beside them the JSON that they are; either can be edited. */
export function FilterEditor({ value, onChange, paths }: Props) {
  const read = readNodes(value);
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Box>
        {read.error === undefined ? (
          <NodeGroup node={read.nodes} paths={paths} onChange={(nodes) => onChange(filterText(nodes))} />
        ) : (
          <Text size="sm" c="red" role="alert">
            The JSON is not a filter yet: {read.error}
          </Text>
        )}
      </Box>
      <JsonField
        label="Filter as JSON"
        name="filter"
        placeholder='{"field": "section", "eq": "mail"}'
        minRows={3}
        maxRows={14}
        value={value}
        onChange={onChange}
      />
    </SimpleGrid>
  );
}

function readNodes(text: string): { nodes: FilterNode & { kind: 'group' }; error?: undefined } | { error: string } {
  try {
    const nodes = nodesOf(text);
    return { nodes: nodes.kind === 'group' ? nodes : (EMPTY as FilterNode & { kind: 'group' }) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

interface GroupProps {
  readonly node: FilterNode & { kind: 'group' };
  readonly paths: readonly string[];
  readonly onChange: (node: FilterNode) => void;
  /** Undefined for the outermost group. */
  readonly onRemove?: () => void;
}

function NodeGroup({ node, paths, onChange, onRemove }: GroupProps) {
  const setNode = (at: number, one: FilterNode | undefined) =>
    onChange({ ...node, nodes: node.nodes.flatMap((old, i) => (i === at ? (one ?? []) : old)) });
  const add = (one: FilterNode) => onChange({ ...node, nodes: [...node.nodes, one] });
  return (
    <Stack
      gap="xs"
      pl={onRemove ? 'sm' : 0}
      style={onRemove && { borderLeft: '2px solid var(--mantine-color-gray-5)' }}
    >
      <Group gap="xs" align="end">
        <Select
          label={onRemove ? undefined : 'Conditions, of which'}
          aria-label="how conditions are joined"
          size="xs"
          w={150}
          data={GROUP_OPS.map((op) => ({ value: op, label: OP_LABELS[op] }))}
          value={node.op}
          onChange={(op) => onChange({ ...node, op: (op ?? 'all') as GroupOp })}
          allowDeselect={false}
        />
        {onRemove && <RemoveButton what="group" onClick={onRemove} />}
      </Group>
      {node.nodes.map((one, at) => (
        <Node key={at} node={one} paths={paths} onChange={(changed) => setNode(at, changed)} />
      ))}
      <Group gap="xs">
        <Button size="compact-xs" variant="light" onClick={() => add(NEW_FIELD)}>
          Add condition
        </Button>
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => add({ kind: 'group', op: 'any', nodes: [NEW_FIELD] })}
        >
          Add group
        </Button>
      </Group>
    </Stack>
  );
}

interface NodeProps {
  readonly node: FilterNode;
  readonly paths: readonly string[];
  readonly onChange: (node: FilterNode | undefined) => void;
}

function Node({ node, paths, onChange }: NodeProps) {
  const remove = () => onChange(undefined);
  if (node.kind === 'group') return <NodeGroup node={node} paths={paths} onChange={onChange} onRemove={remove} />;
  if (node.kind === 'ids') {
    return (
      <Group gap="xs">
        <Text size="sm">
          has one of {node.ids.length.toLocaleString('en')} ids: {node.ids.slice(0, 3).join(', ')}
          {node.ids.length > 3 ? ', …' : ''}
        </Text>
        <RemoveButton what="condition" onClick={remove} />
      </Group>
    );
  }
  if (node.kind === 'other') {
    return (
      <Group gap="xs" wrap="nowrap">
        <Code style={{ overflowWrap: 'anywhere' }}>{stringifyJson(node.json)}</Code>
        <RemoveButton what="condition" onClick={remove} />
      </Group>
    );
  }
  return (
    <Group gap={4} wrap="nowrap">
      <Autocomplete
        aria-label="field"
        placeholder="field"
        size="xs"
        style={{ flex: '1 1 90px', minWidth: 80 }}
        data={[...paths]}
        value={node.path}
        onChange={(path) => onChange({ ...node, path })}
      />
      <Select
        aria-label="test"
        size="xs"
        style={{ flex: '0 1 120px', minWidth: 70 }}
        data={TESTS.map((test) => ({ value: test, label: TEST_LABELS[test] }))}
        value={node.test}
        onChange={(test) => onChange({ ...node, ...changedTest(node, (test ?? 'eq') as Test) })}
        allowDeselect={false}
      />
      <ValueInput node={node} onChange={onChange} />
      <RemoveButton what="condition" onClick={remove} />
    </Group>
  );
}

/** A value stays when the test is of the same kind. */
const changedTest = ({ value, test: old }: { value: string; test: Test }, test: Test) => ({
  test,
  value: isFlag(test) === isFlag(old) ? value : isFlag(test) ? 'true' : '',
});

function ValueInput({ node, onChange }: { node: FilterNode & { kind: 'field' }; onChange: NodeProps['onChange'] }) {
  // What is being typed, such as `1.0` on the way to `1.05`, is not yet as it would be read back.
  const [draft, setDraft] = useState<string>();
  const style = { flex: '1 1 90px', minWidth: 70 };
  if (isFlag(node.test)) {
    return (
      <Select
        aria-label="value"
        size="xs"
        style={style}
        data={['true', 'false']}
        value={node.value}
        onChange={(value) => onChange({ ...node, value: value ?? 'true' })}
        allowDeselect={false}
      />
    );
  }
  return (
    <TextInput
      aria-label="value"
      placeholder={node.test === 'in' || node.test === 'notIn' ? 'a, b, 3' : 'value'}
      size="xs"
      style={style}
      value={draft ?? node.value}
      onBlur={() => setDraft(undefined)}
      onChange={(e) => {
        setDraft(e.target.value);
        onChange({ ...node, value: e.target.value });
      }}
    />
  );
}

function RemoveButton({ what, onClick }: { what: string; onClick: () => void }) {
  return (
    <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`remove ${what}`} onClick={onClick}>
      ×
    </ActionIcon>
  );
}
