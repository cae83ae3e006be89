import { Anchor, Code, List, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';
import { Loaded } from '../frame/loaded';
import { Page } from '../frame/page';
import { MakeKey } from '../keys/make-key';
import { FirstCollection } from './first-collection';
import { FirstPoints } from './first-points';
import { FirstSearch } from './first-search';
import { Step } from './step';

const EVERY_MS = 3_000;

/** The way from an empty server to the first search. What is done is read from the server, and not remembered here. */
export function StartPage() {
  const queries = useQueryClient();
  const [chosen, setChosen] = useState('');
  const [written, setWritten] = useState('');
  const keys = useQuery({ queryKey: ['keys'], queryFn: () => api.GET('/v1/keys') });
  // The number of points is what the workers have reported, within seconds.
  const collections = useQuery({
    queryKey: ['collections'],
    queryFn: () => api.GET('/v1/collections'),
    refetchInterval: EVERY_MS,
  });
  const reload = () => queries.invalidateQueries({ queryKey: ['collections'] });
  return (
    <Page title="First steps" about="From an empty server to the first search, in four steps.">
      <Loaded query={collections}>
        {({ details }) => {
          const collection = details.find(({ name }) => name === chosen) ?? details[0];
          const hasPoints =
            Number(collection?.points ?? 0) > 0 || (collection !== undefined && collection.name === written);
          return (
            <Stack>
              <Step number={1} title="Make an API key" done={(keys.data?.keys.length ?? 0) > 0}>
                <Text size="sm">Programs send it with every request. The console itself does not need one.</Text>
                <Failure error={keys.error} />
                <MakeKey onMade={() => queries.invalidateQueries({ queryKey: ['keys'] })} />
              </Step>
              <Step number={2} title="Make a collection" done={collection !== undefined}>
                <FirstCollection
                  collections={details}
                  chosen={collection?.name}
                  onChoose={(name) => {
                    setChosen(name);
                    return reload();
                  }}
                />
              </Step>
              <Step number={3} title="Write points" done={hasPoints}>
                {collection === undefined ? (
                  <Text size="sm">Make a collection first.</Text>
                ) : (
                  <FirstPoints
                    key={collection.name}
                    collection={collection}
                    onWritten={(name) => {
                      setWritten(name);
                      return reload();
                    }}
                  />
                )}
              </Step>
              <Step number={4} title="Search" done={false}>
                {collection === undefined ? (
                  <Text size="sm">Make a collection first.</Text>
                ) : (
                  <FirstSearch key={collection.name} collection={collection.name} />
                )}
              </Step>
              <Further />
            </Stack>
          );
        }}
      </Loaded>
    </Page>
  );
}

function Further() {
  return (
    <List size="sm" aria-label="what comes next">
      <List.Item>
        <Anchor href="/docs" inherit>
          The API reference
        </Anchor>{' '}
        has every call, with its limits.
      </List.Item>
      <List.Item>
        <Anchor component={Link} to="/keys" inherit>
          API keys
        </Anchor>{' '}
        may be limited to some collections, and may expire.
      </List.Item>
      <List.Item>
        <Code>vectron import COLLECTION FILE</Code> writes large files: it resumes where it stopped, and reports each
        row that was refused.
      </List.Item>
    </List>
  );
}
