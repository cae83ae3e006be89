// The first hour of somebody with a browser: what one does in the console of a new server. Each step is made by mouse and keyboard, and its
// outcome is asked of the API. `npm run first-hour:browser` performs them in full, test/console/first-hour.test.ts with fewer points.
import { strict as assert } from 'node:assert';
import { User } from './user.mjs';

const PASSWORD = 'a password for the first hour';
const COLLECTION = 'packages';
const RESTORED = 'packages-restored';
const PAGE = 500;
const PAN_MOVES = 120;
/** Of the rule about disks: every disk is fuller than this. */
const LOW_THRESHOLD = '0.001';

/** What a step does, by its name. It may return what it found, to be shown beside its seconds. */
const STEPS = {
  'log in with the first password, and choose one': async (hour) => {
    const { page, url, user, email, password } = hour;
    await page.goto(`${url}/console/`);
    await page.waitForURL('**/console/login');
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await hour.look('login');
    await logIn(hour, password);
    await page.getByRole('heading', { name: 'Choose a password' }).waitFor();
    await hour.look('choose a password');
    await user.type('input[name=new-password]', PASSWORD);
    await user.type('input[name=new-password-again]', PASSWORD);
    await user.press('Change password');
    await page.getByRole('heading', { name: 'First steps' }).waitFor();
    const [old, now] = [await hour.login(password), await hour.login(PASSWORD)];
    assert.equal(old.status, 401);
    assert.equal(now.body.user.email, email);
    assert.equal(now.body.user.mustChangePassword ?? false, false);
  },
  'log out and in again': async (hour) => {
    const { page, user, password } = hour;
    const token = await hour.token();
    await logOut(hour);
    assert.equal((await hour.api('GET', '/v1/user/profile', undefined, token)).status, 401);
    await logIn(hour, password);
    await page.locator('[role=alert]').first().waitFor();
    await hour.look('old password');
    await user.type('input[name=password]', PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'First steps' }).waitFor();
    assert.equal((await hour.api('GET', '/v1/user/profile', undefined, await hour.token())).status, 200);
  },
  'follow the first steps': async (hour) => {
    const { page, user } = hour;
    await user.press('Make the collection');
    const written = user.until('the example points are written', async () => (await hour.count('first')) === 6);
    await page.locator('form[aria-label="write points"]').waitFor();
    await user.press('Write the points');
    await written;
    await user.press('Search', page.locator('form[aria-label=search]'));
    const ids = await user.until('a search finds them', async () => {
      const shown = await page.locator('table[aria-label=results] tbody tr td:first-child').allTextContents();
      return shown.length > 0 && shown;
    });
    const { results } = await hour.ask('first', 'search', { likeId: 'cat', topK: 5 });
    assertSame(ids, idsOf(results));
  },
  'create a collection': async (hour) => {
    const { page, user, file } = hour;
    await user.goTo('Collections');
    await user.press('New collection');
    await user.type('input[name=name]', COLLECTION);
    await user.type('input[name=dimension]', String(file.dimension));
    await user.type('input[name=expected]', String(file.rows));
    await hour.look('new collection');
    await user.press('Create');
    await page.locator('table[aria-label=collections]').getByRole('link', { name: COLLECTION, exact: true }).waitFor();
    const { body } = await hour.api('GET', `/v1/collections/${COLLECTION}/status`);
    assertSame([body.dimension, body.distance], [file.dimension, 'cosine']);
  },
  'lower the threshold of an alert': async (hour) => {
    const { page, user } = hour;
    await user.goTo('Alerts');
    await user.type('input[aria-label="threshold of disk"]', LOW_THRESHOLD);
    await page.keyboard.press('Enter');
    await user.until('the rule is changed', async () => (await diskRule(hour)).threshold === Number(LOW_THRESHOLD));
  },
  'import a Parquet file by drag and drop': async (hour) => {
    const { page, user, file } = hour;
    const { id, vector } = file.columns;
    await user.openCollection(COLLECTION, 'Import');
    await user.dropFile(file.path, '[data-testid=drop]');
    await page.locator('[data-testid=file]').waitFor();
    if ((await page.getByLabel('Id', { exact: true }).first().inputValue()) !== id) {
      await hour.look('which column is the id');
      await user.choose('Id', id);
    }
    if ((await page.getByLabel('Vector', { exact: true }).first().inputValue()) !== vector)
      await user.choose('Vector', vector);
    await page.locator('table[aria-label="first rows"]').waitFor();
    await hour.look('before the import');
    await user.press(`Import into ${COLLECTION}`);
    await page.locator('[data-testid=imported]').waitFor();
    const rows = file.rows.toLocaleString('en');
    assert.match(await user.shown('[data-testid=imported]'), new RegExp(`^${rows} of ${rows} `));
    assert.equal(await hour.count(COLLECTION), file.rows);
    const [row] = file.first;
    const { body } = await hour.api('GET', `/v1/collections/${COLLECTION}/points/${encodeURIComponent(row[id])}`);
    assert.equal(body.point.payload[file.columns.text], row[file.columns.text]);
    assertSame(float32(body.point.vector), float32(row[vector]));
    return `${rows} points`;
  },
  'index two fields': async (hour) => {
    const { page, user, file } = hour;
    const { text, label } = file.columns;
    await user.openTab('Indexes');
    for (const [path, type] of [
      [text, 'text'],
      [label, 'keyword'],
    ]) {
      await user.type('input[name=path]', path);
      await user.choose('Type', type);
      await user.press('Create the index');
      await page.locator(`table[aria-label=indexes] tr:has(td:text-is("${path}")) >> text="ready"`).waitFor();
    }
    const { body } = await hour.api('GET', `/v1/collections/${COLLECTION}/indexes`);
    const shown = body.indexes.map(({ index, ready, indexed }) => [index.path, index.type, ready, Number(indexed)]);
    const expected = [
      [text, 'text', true, file.rows],
      [label, 'keyword', true, file.rows],
    ];
    assertSame(shown.toSorted(), expected.toSorted());
  },
  'look through the points': async (hour) => {
    const { page, user, file } = hour;
    await user.openTab('Points');
    await page.locator('table[aria-label=points] tbody tr').first().waitFor();
    await hour.look('points');
    await page.locator('table[aria-label=points] tbody tr').first().getByRole('link').first().click();
    await page.locator('form[aria-label=point]').waitFor();
    const shown = await page.locator('main h2').first().textContent();
    const { body } = await hour.api('POST', `/v1/collections/${COLLECTION}/points/list`, { limit: 1 });
    assert.equal(shown, body.points[0].id);
    assert.equal(await hour.count(COLLECTION), file.rows);
  },
  'search with a filter': async (hour) => {
    const { user, file, sought } = hour;
    const { label } = file.columns;
    await user.openTab('Search');
    await user.type('textarea[name=vector]', JSON.stringify(sought.vector));
    await user.press('Add condition');
    await user.type('input[aria-label=field]', label);
    await user.type('input[aria-label=value]', sought.label);
    await user.press('Search');
    const filter = { field: label, eq: sought.label };
    const { results } = await hour.ask(COLLECTION, 'search', { vector: sought.vector, filter });
    await hour.shows(results);
    assertSame([...new Set(results.map(({ payload }) => payload[label]))], [sought.label]);
  },
  'search for a vector and words': async (hour) => {
    const { page, user, sought } = hour;
    await user.press('remove condition');
    await user.press('Add a branch');
    await user.type('input[name=words]', sought.words);
    await user.press('Search');
    const branches = [{ vector: sought.vector }, { text: { query: sought.words } }];
    const { results } = await hour.ask(COLLECTION, 'query', { branches });
    await hour.shows(results);
    await page.locator('table[aria-label=results] mark').first().waitFor();
  },
  'have a search explained': async (hour) => {
    const { page, user, sought } = hour;
    await page.getByLabel('remove branch').last().click();
    await page.getByRole('checkbox', { name: 'Explain' }).check();
    await user.press('Search');
    await page.locator('[data-testid=timeline]').waitFor();
    await page.locator('[data-step=shard]').first().hover();
    await page.getByRole('tooltip').waitFor();
    const asked = { vector: sought.vector, explain: true };
    const { results, explanation } = await hour.ask(COLLECTION, 'search', asked);
    await hour.shows(results);
    const steps = await page.locator('[data-step]').evaluateAll((rows) => rows.map((row) => row.dataset.step));
    assertSame(
      steps,
      explanation.steps.map(({ name }) => name).filter((name) => name !== 'total'),
    );
  },
  'ask why a point is missing': async (hour) => {
    const { page, user, sought } = hour;
    await user.type('input[name=whyNot]', sought.absent);
    await user.press('Search');
    await page.locator('[data-testid=why-not]').waitFor();
    const { whyNot } = await hour.ask(COLLECTION, 'search', { vector: sought.vector, whyNot: sought.absent });
    const shown = await user.shown('[data-testid=why-not]');
    for (const part of [sought.absent, whyNot.reason, whyNot.exactRank.toLocaleString('en')])
      assert.ok(shown.includes(part), `${shown} has ${part}`);
    assert.notEqual(whyNot.step, 'returned');
  },
  'draw the map': async (hour) => {
    const { page, user, file, mapPoints } = hour;
    await user.openTab('Map');
    await user.choose('Of at most', `${mapPoints.toLocaleString('en')} points`);
    await user.press('Draw the map');
    await page.locator('[data-testid=map-facts]:has-text("frames per second")').waitFor();
    const points = Math.min(mapPoints, file.rows).toLocaleString('en');
    assert.ok(
      (await user.shown('[data-testid=map-facts]')).includes(`${points} points of ${file.dimension} dimensions`),
    );
    return `${points} points`;
  },
  'colour and move the map': async (hour) => {
    const { page, user, file } = hour;
    await user.choose('Coloured by', file.columns.label);
    await page.locator(`main >> button:has-text("(")`).first().waitFor();
    const before = await pixelsOf(page);
    const { framesPerSecond, longestMs } = await user.pan('canvas', PAN_MOVES);
    assert.notEqual(await pixelsOf(page), before);
    return `${framesPerSecond.toFixed(0)} frames per second, the longest took ${longestMs.toFixed(0)} ms`;
  },
  'resolve an alert': async (hour) => {
    const { page, user, email } = hour;
    await user.goTo('Alerts');
    const row = page.locator('table[aria-label=alerts] tbody tr:has-text("disk")').first();
    await row.waitFor();
    const open = (await alerts(hour, 'open')).find(({ rule }) => rule === 'disk');
    assert.ok(open, 'the API lists the alert');
    await hour.look('an open alert');
    await row.getByRole('button').click();
    const isResolved = async () => (await alerts(hour, 'resolved')).find(({ id }) => id === open.id);
    const resolved = await user.until('the alert is resolved', isResolved);
    await user.type('input[aria-label="threshold of disk"]', '0.9');
    await page.keyboard.press('Enter');
    await user.until('the rule is changed', async () => (await diskRule(hour)).threshold === 0.9);
    await page.locator('[role=radiogroup] >> text="Resolved"').click();
    await page.locator('table[aria-label=alerts] tbody tr:has-text("disk")').first().waitFor();
    assert.equal(resolved.resolvedBy, email);
  },
  'download a snapshot': async (hour) => {
    const { page, user, file } = hour;
    await user.openCollection(COLLECTION, 'Status');
    const [download] = await Promise.all([page.waitForEvent('download'), user.press('Download a snapshot')]);
    await download.saveAs(hour.snapshot);
    await page.locator('[data-testid=downloaded]').waitFor();
    assert.match(await user.shown('[data-testid=downloaded]'), new RegExp(`^${file.rows.toLocaleString('en')} `));
  },
  'restore it as another collection': async (hour) => {
    const { page, user, file } = hour;
    await user.goTo('Collections');
    await user.press('Restore a snapshot');
    const dialog = page.getByRole('dialog');
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      dialog.getByLabel('Snapshot', { exact: true }).click(),
    ]);
    await chooser.setFiles(hour.snapshot);
    await user.type('input[name=restore-name]', RESTORED);
    await user.press('Restore');
    await page.locator('[data-testid=restored]').waitFor();
    await hour.look('restored');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    let compared = 0;
    for await (const [old, restored] of pagesOf(hour, [COLLECTION, RESTORED])) {
      assertSame(restored, old);
      compared += old.length;
    }
    assert.equal(compared, file.rows);
    return `${compared.toLocaleString('en')} points are equal`;
  },
  'make a key for one collection': async (hour) => {
    const { page, user, sought } = hour;
    await user.goTo('API keys');
    await user.type('input[name=name]', 'reader of packages');
    await user.choose('Role', 'read');
    await user.choose('Expires', 'in a day');
    await user.choose('Collections', COLLECTION);
    await page.keyboard.press('Escape');
    await user.press('Make a key');
    await page.locator('[data-testid=new-key]').waitFor();
    const key = await user.shown('[data-testid=new-key]');
    const asked = { vector: sought.vector };
    const call = async (method, path, body) => (await hour.api(method, path, body, key)).status;
    assert.equal(await call('POST', `/v1/collections/${COLLECTION}/points/search`, asked), 200);
    // To whom a collection is closed, it is not there.
    assert.equal(await call('POST', `/v1/collections/${RESTORED}/points/search`, asked), 404);
    const points = [{ id: 'not allowed', vector: sought.vector }];
    assert.equal(await call('POST', `/v1/collections/${COLLECTION}/points`, { points }), 403);
    assert.equal(await call('GET', '/v1/alerts'), 403);
    const { body } = await hour.api('GET', '/v1/keys', undefined, await hour.token());
    const made = body.keys.find(({ name }) => name === 'reader of packages');
    assertSame([made.role, made.collections], ['read', [COLLECTION]]);
    const hours = (Number(made.expiresAt) * 1_000 - Date.now()) / 3_600_000;
    assert.ok(hours > 23 && hours <= 24, `the key expires in ${hours} hours`);
  },
  'log out': async (hour) => {
    const token = await hour.token();
    await logOut(hour);
    assert.equal((await hour.api('GET', '/v1/collections', undefined, token)).status, 401);
    await hour.page.goto(`${hour.url}/console/collections/${COLLECTION}`);
    await hour.page.waitForURL('**/console/login?to=*');
  },
};

/**
 * Performs every step in turn, and throws the error of the first that fails. `given`:
 * - `page`: a tab that is logged in nowhere, and what waits are limited to, `limitMs`;
 * - `url`, `apiKey`, `email`, `password` of a server as its first start leaves it, without the sample;
 * - `file`: a Parquet file as parquet.mjs knows it; `snapshot`: a path to write to; `mapPoints`: as the map can be told;
 * - `picture(name)`: keeps a picture of the page; its time is nobody's.
 * `onStep({ step, seconds, found })` is called after each.
 */
export async function firstHour(given, onStep) {
  const hour = hourOf(given);
  for (const [step, perform] of Object.entries(STEPS)) {
    const startedMs = performance.now();
    hour.lookedMs = 0;
    try {
      const found = await perform(hour);
      const seconds = (performance.now() - startedMs - hour.lookedMs) / 1_000;
      onStep({ step, seconds, found });
    } finally {
      await hour.look(step);
    }
  }
  assertSame(hour.faults, []);
}

function hourOf({ picture = async () => undefined, ...given }) {
  const { page, url, apiKey, email, limitMs, file } = given;
  const user = new User(page, limitMs);
  const faults = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  // Of an answer that refuses, the browser says so as well; the steps look at these answers themselves.
  page.on(
    'console',
    (line) => line.type() === 'error' && !/status of 401/.test(line.text()) && faults.push(line.text()),
  );
  const { id, vector, text, label } = file.columns;
  const [row] = file.first;
  const sought = {
    vector: row[vector],
    words: row[text].split(/\s+/).slice(0, 3).join(' '),
    label: row[label],
    absent: String(file.first.at(-1)[id]),
  };
  const api = async (method, path, body, key = apiKey) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  const ask = async (collection, verb, body) => {
    const answer = await api('POST', `/v1/collections/${collection}/points/${verb}`, body);
    assert.equal(answer.status, 200);
    return answer.body;
  };
  return {
    ...given,
    user,
    faults,
    sought,
    api,
    ask,
    lookedMs: 0,
    login: (password) => api('POST', '/v1/users/login', { email, password }),
    token: () => page.evaluate("sessionStorage.getItem('vectron-token')"),
    count: async (collection) =>
      Number((await api('POST', `/v1/collections/${collection}/points/count`, {})).body.count),
    async shows(results) {
      assert.ok(results.length > 0);
      const expected = JSON.stringify(idsOf(results));
      await user.until(
        'the page has the results of the API',
        async () => JSON.stringify(await user.resultIds()) === expected,
      );
    },
    async look(name) {
      const begunMs = performance.now();
      await picture(name);
      this.lookedMs += performance.now() - begunMs;
    },
  };
}

/** As a shard stores them; JSON has no negative zero. */
const float32 = (numbers) => Array.from(numbers, (one) => Math.fround(one) + 0);
/** As JSON: a test runner has other arrays than the browser's client. */
const assertSame = (seen, expected) => assert.equal(JSON.stringify(seen), JSON.stringify(expected));
const idsOf = (results) => results.map(({ id }) => id);
const pixelsOf = (page) => page.evaluate("document.querySelector('canvas').toDataURL()");

async function logIn({ page, user, email }, password) {
  await user.type('input[name=email]', email);
  await user.type('input[name=password]', password);
  await page.keyboard.press('Enter');
}

async function logOut({ page, user }) {
  await user.openNavigation();
  await page.locator('button:visible:has(:text-is("Log out"))').click();
  await page.waitForURL('**/console/login*');
}

const alerts = async (hour, status) => (await hour.api('GET', `/v1/alerts?status=${status}`)).body.alerts;
const diskRule = async (hour) =>
  (await hour.api('GET', '/v1/alerts/rules')).body.rules.find(({ rule }) => rule === 'disk');

/** Pages of the points of several collections, side by side, by id. */
async function* pagesOf(hour, collections) {
  const cursors = collections.map(() => '');
  do {
    const bodies = await Promise.all(
      collections.map((collection, at) => {
        const from = cursors[at] === '' ? {} : { cursor: cursors[at] };
        return hour.ask(collection, 'list', { limit: PAGE, includeVectors: true, ...from });
      }),
    );
    yield bodies.map(({ points }) => points.map(({ id, vector, payload }) => ({ id, vector, payload })));
    for (const [at, { nextCursor }] of bodies.entries()) cursors[at] = nextCursor;
  } while (cursors[0] !== '');
}
