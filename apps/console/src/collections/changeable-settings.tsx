import { Select, Switch, TextInput } from '@mantine/core';

/** The settings that a collection is created with and that can be changed later. */
export interface ChangeableSettings {
  /** `fsync`: a write is acknowledged when it is on disk; `relaxed`: before that. */
  readonly durability: string;
  /** Name of an embedding provider; empty: none. */
  readonly provider: string;
  /** Whether searches with a text let the reranker order their results. */
  readonly rerank: boolean;
}

/** Their fields. `providerHelp`: what the provider is used for here. */
export function ChangeableSettingsFields({
  settings,
  onChange,
  providerHelp,
}: {
  settings: ChangeableSettings;
  onChange: (settings: ChangeableSettings) => void;
  providerHelp: string;
}) {
  return (
    <>
      <Select
        label="Durability"
        description="relaxed: writes are acknowledged before they are on disk"
        data={['fsync', 'relaxed']}
        value={settings.durability}
        onChange={(durability) => onChange({ ...settings, durability: durability ?? 'fsync' })}
        allowDeselect={false}
      />
      <TextInput
        label="Embedding provider"
        description={providerHelp}
        value={settings.provider}
        onChange={(event) => onChange({ ...settings, provider: event.target.value })}
      />
      <Switch
        label="Rerank results by the query's text"
        checked={settings.rerank}
        onChange={(event) => onChange({ ...settings, rerank: event.currentTarget.checked })}
      />
    </>
  );
}
