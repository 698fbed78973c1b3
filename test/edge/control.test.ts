/** The control plane over HTTP: every action, signed; and what it makes, called. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { z } from 'zod';
import { mintAccessKey } from '../../src/access/access-keys.ts';
import { type Account, makeAccount } from './control-rig.ts';
import { ask, BODY, CHAT, type Edge, post, SEALER, startEdge } from './rig.ts';

let edge: Edge;
let us: Account;
let them: Account;

beforeAll(async () => {
  edge = await startEdge();
  us = await makeAccount(edge, 'us');
  them = await makeAccount(edge, 'them');
});
afterAll(() => edge.stop());

const MODEL = { FoundationModel: { Name: 'm' } };
const HOUR_S = 3_600;
const id = z.object({ Id: z.string() });
const apiKey = z.object({ ApiKey: z.string(), ExpiredTime: z.number() });

async function makeEndpoint(more: object = {}): Promise<string> {
  const result = await us.good('CreateEndpoint', { Name: 'n', ModelReference: MODEL, ...more });
  return id.parse(result).Id;
}

async function keyFor(...ids: string[]): Promise<string> {
  const wish = { ResourceType: 'endpoint', ResourceIds: ids, DurationSeconds: HOUR_S };
  return apiKey.parse(await us.good('GetApiKey', wish)).ApiKey;
}

const call = (key: string, model: string) => ask(edge, CHAT, post(key, { ...BODY, model }));

describe('the envelope', () => {
  test('repeats the request, and carries the result', async () => {
    const told = await us.act('ListEndpoints', { PageSize: 1 }, { region: 'cn-north-1' });
    expect(told.status).toBe(200);
    expect<unknown>(told.json).toEqual({
      ResponseMetadata: {
        RequestId: expect.stringMatching(/^req_/),
        Action: 'ListEndpoints',
        Version: '2024-01-01',
        Service: 'ark',
        Region: 'cn-north-1',
      },
      Result: { TotalCount: 0, PageNumber: 1, PageSize: 1, Items: [] },
    });
  });

  test.each([
    ['Nothing', {}, 404, 'InvalidActionOrVersion', 100_008],
    ['GetEndpoint', {}, 400, 'MissingParameter', 100_002],
    ['CreateEndpoint', { Name: 'n' }, 400, 'MissingParameter', 100_002],
    ['ListEndpoints', { PageSize: 101 }, 400, 'InvalidParameter.PageSize', undefined],
    ['ListEndpoints', { Filter: { Nmae: '' } }, 400, 'InvalidParameter.Filter.Nmae', undefined],
    ['GetEndpoint', { Id: 'ep-20260101000000-abcde' }, 404, 'NotFound.Endpoint', undefined],
    ['DeleteApiKey', { Id: 'key_none' }, 404, 'NotFound.ApiKey', undefined],
  ] as const)('%s %j is %d %s', async (...[action, body, status, code, codeN]) => {
    const told = await us.act(action, body);
    expect([told.status, told.code, told.codeN]).toEqual([status, code, codeN]);
  });

  test.each([
    [{ service: 'iam' }, 400, 'InvalidCredential', 100_025],
    [{ atMs: Date.now() - 20 * 60_000 }, 400, 'InvalidTimestamp', 100_006],
    [{ accessKeyId: 'AKLTnone' }, 401, 'InvalidAccessKey', 100_009],
    [{ secret: 'wrong' }, 401, 'SignatureDoesNotMatch', 100_010],
    [{ headers: { 'x-security-token': 't' } }, 401, 'InvalidSecretToken', 100_026],
  ] as const)('signed with %j is %d %s', async (...[more, status, code, codeN]) => {
    const told = await us.act('ListEndpoints', {}, more);
    expect([told.status, told.code, told.codeN]).toEqual([status, code, codeN]);
    expect(told.json).toMatchObject({ ResponseMetadata: { Action: 'ListEndpoints' } });
  });

  test('another version has no actions; a body that is no object is refused', async () => {
    const old = await us.act('ListEndpoints', {}, { version: '2018-01-01' });
    expect([old.status, old.code]).toEqual([404, 'InvalidActionOrVersion']);
    const odd = await us.act('ListEndpoints', '[1]');
    expect([odd.status, odd.code]).toEqual([400, 'InvalidParameter']);
  });

  test('a body over the limit is refused before its signature is looked at', async () => {
    const told = await us.act('ListEndpoints', ' '.repeat(1024 * 1024 + 1));
    expect(told.status).toBe(413);
  });

  test('parameters come in the query, in a form, or as JSON', async () => {
    const ep = await makeEndpoint({ Name: 'forms' });
    for (const told of [
      await us.act('GetEndpoint', '', { method: 'GET', query: { Id: ep } }),
      await us.act('GetEndpoint', `Id=${ep}`, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
      await us.act('GetEndpoint', { Id: ep }),
    ]) {
      expect(told).toMatchObject({ status: 200, json: { Result: { Id: ep, Name: 'forms' } } });
    }
  });

  test('what changes something runs once for one signature, what reads runs again', async () => {
    const body = { Name: 'once', ModelReference: MODEL };
    const atMs = Date.now();
    expect((await us.act('CreateEndpoint', body, { atMs })).status).toBe(200);
    const again = await us.act('CreateEndpoint', body, { atMs });
    expect([again.status, again.code]).toEqual([429, 'FlowLimitExceeded']);
    expect(again.headers.get('retry-after')).toBe('1');
    for (let times = 0; times < 2; times += 1) {
      expect((await us.act('ListEndpoints', {}, { atMs })).status).toBe(200);
    }
  });

  test('a pair that is disabled is out within a second', async () => {
    const { row, secret } = mintAccessKey('default', SEALER, Date.now());
    await edge.store.accessKeys.insert(row);
    const pair = { accessKeyId: row.id, secret };
    expect((await us.act('ListEndpoints', {}, pair)).status).toBe(200);
    await edge.store.accessKeys.setState(row.id, 'disabled');
    expect((await us.act('ListEndpoints', {}, pair)).code).toBe('InvalidAccessKey');
  });
});

describe('an endpoint', () => {
  test('is made, shown, changed, stopped, started and taken away', async () => {
    const ep = await makeEndpoint({
      Name: 'life',
      RateLimit: { Rpm: 5 },
      Tags: [{ Key: 'a', Value: 'b' }],
    });
    expect(ep).toMatch(/^ep-\d{14}-[0-9a-z]{5}$/);
    const get = () => us.good('GetEndpoint', { Id: ep });
    expect(await get()).toMatchObject({
      Id: ep,
      Name: 'life',
      Status: 'Running',
      ProjectName: 'default',
      ModelReference: { FoundationModel: { Name: 'm', ModelVersion: '' } },
      RateLimit: { Rpm: 5, Tpm: 0 },
      Tags: [{ Key: 'a', Value: 'b' }],
      CreateTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    const change = { Name: 'new', RateLimit: { Tpm: 9 }, Tags: [], Contract: 'strict' };
    await us.good('UpdateEndpoint', { Id: ep, ...change, DryRun: true });
    expect(await get()).toMatchObject({ Name: 'life' });
    await us.good('UpdateEndpoint', { Id: ep, ...change });
    expect(await get()).toMatchObject({ ...change, RateLimit: { Rpm: 5, Tpm: 9 } });
    const running = await us.act('DeleteEndpoint', { Id: ep });
    expect([running.status, running.code]).toEqual([403, 'OperationDenied.EndpointStatus']);
    await us.good('StopEndpoint', { Id: ep });
    expect(await get()).toMatchObject({ Status: 'Stopped' });
    await us.good('StartEndpoint', { Id: ep });
    expect(await get()).toMatchObject({ Status: 'Running' });
    await us.good('StopEndpoint', { Id: ep });
    await us.good('DeleteEndpoint', { Id: ep });
    expect((await us.act('GetEndpoint', { Id: ep })).code).toBe('NotFound.Endpoint');
  });

  test('is nobody else’s', async () => {
    const ep = await makeEndpoint();
    for (const action of ['GetEndpoint', 'UpdateEndpoint', 'StopEndpoint', 'DeleteEndpoint']) {
      expect((await them.act(action, { Id: ep })).code).toBe('NotFound.Endpoint');
    }
    const wish = { ResourceType: 'endpoint', ResourceIds: [ep] };
    expect((await them.act('GetApiKey', wish)).code).toBe('NotFound.Endpoint');
    expect(await them.good('ListEndpoints', {})).toMatchObject({ TotalCount: 0 });
    const told = await call(them.key, ep);
    expect(told).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
  });

  test('of a model that is not here cannot be made, nor one past the limit', async () => {
    const nothing = { FoundationModel: { Name: 'nope', ModelVersion: '1' } };
    const told = await us.act('CreateEndpoint', { Name: 'n', ModelReference: nothing });
    expect([told.status, told.code]).toEqual([404, 'InvalidEndpointOrModel.NotFound']);
    const full = await makeAccount(edge, 'full');
    const template = await us.good('GetEndpoint', { Id: await makeEndpoint() });
    const row = await edge.store.endpoints.byId(id.parse(template).Id);
    if (row === undefined) throw new Error('the endpoint is gone');
    for (let at = 0; at < 1_000; at += 1) {
      const name = `ep-full-${at}`;
      await edge.store.endpoints.insert({ ...row, id: name, accountId: full.accountId });
    }
    const wish = { Name: 'n', ModelReference: MODEL, DryRun: true };
    const over = await full.act('CreateEndpoint', wish);
    expect([over.status, over.code]).toEqual([403, 'QuotaExceeded']);
    expect(await us.good('CreateEndpoint', wish)).toEqual({ Id: '' });
  });

  test('lists filter, sort and page', async () => {
    const mine = await makeAccount(edge, 'lists');
    const names = ['alpha', 'beta', 'gamma'];
    const ids: string[] = [];
    for (const [at, Name] of names.entries()) {
      const ModelReference = { FoundationModel: { Name: at === 2 ? 'other' : 'm' } };
      const more = { ModelReference, Tags: [{ Key: 'n', Value: String(at) }], ProjectName: Name };
      ids.push(id.parse(await mine.good('CreateEndpoint', { Name, ...more })).Id);
      const last = ids.at(-1) ?? '';
      if (at === 1) await mine.good('StopEndpoint', { Id: last });
    }
    const list = async (wish: object): Promise<string[]> => {
      const items = z.object({ Items: z.array(z.object({ Name: z.string() })) });
      return items.parse(await mine.good('ListEndpoints', wish)).Items.map(({ Name }) => Name);
    };
    expect((await list({})).sort()).toEqual(names);
    const forward = await list({ SortOrder: 'Asc' });
    expect(await list({ SortOrder: 'Desc' })).toEqual([...forward].reverse());
    expect(await list({ SortOrder: 'Asc', PageSize: 2, PageNumber: 2 })).toEqual([
      forward[2] ?? '',
    ]);
    expect(await list({ Filter: { Statuses: ['Stopped'] } })).toEqual(['beta']);
    expect(await list({ Filter: { FoundationModelName: 'other' } })).toEqual(['gamma']);
    expect(await list({ Filter: { Name: 'alp' } })).toEqual(['alpha']);
    expect(await list({ Filter: { Ids: [ids[1]] } })).toEqual(['beta']);
    expect(await list({ ProjectName: 'gamma' })).toEqual(['gamma']);
    expect(await list({ TagFilters: [{ Key: 'n', Values: ['0'] }] })).toEqual(['alpha']);
    expect(await list({ TagFilters: [{ Key: 'other' }] })).toEqual([]);
  });
});

describe('an endpoint as model', () => {
  test('answers as its model, on a key of its account', async () => {
    const ep = await makeEndpoint();
    for (const key of [us.key, await keyFor(ep)]) expect((await call(key, ep)).status).toBe(200);
    const [row] = await edge.store.calls.list({ limit: 1, accountId: us.accountId });
    expect(row).toMatchObject({ model: 'm', endpoint: ep });
    const never = await call(us.key, 'ep-20260101000000-abcde');
    expect(never).toMatchObject({ status: 404, code: 'model_not_found' });
  });

  test('a key for one endpoint calls neither its model nor another endpoint', async () => {
    const [one, two] = [await makeEndpoint(), await makeEndpoint({ Name: 'two' })];
    const key = await keyFor(one);
    expect((await call(key, one)).status).toBe(200);
    for (const model of ['m', two]) {
      expect(await call(key, model)).toMatchObject({ status: 403, code: 'model_not_allowed' });
    }
  });

  test('stopped it says so, started it answers again', async () => {
    const ep = await makeEndpoint({ Name: 'stops' });
    await us.good('StopEndpoint', { Id: ep });
    const told = await call(us.key, ep);
    expect(told).toMatchObject({ status: 400, code: 'endpoint_stopped', param: 'model' });
    await us.good('StartEndpoint', { Id: ep });
    expect((await call(us.key, ep)).status).toBe(200);
  });

  test('has limits of its own, over all keys', async () => {
    const ep = await makeEndpoint({ Name: 'slow', RateLimit: { Rpm: 2 } });
    const [one, two] = [await keyFor(ep), us.key];
    expect([(await call(one, ep)).status, (await call(two, ep)).status]).toEqual([200, 200]);
    const over = await call(one, ep);
    expect(over).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    expect(over.text).toContain('This endpoint may use 2 requests a minute.');
    expect((await call(two, 'm')).status).toBe(200);
  });

  test('may carry the strict contract', async () => {
    const ep = await makeEndpoint({ Name: 'strict', Contract: 'strict' });
    expect(await call(us.key, ep)).toMatchObject({ status: 422, param: 'stream' });
    const good = await ask(edge, CHAT, post(us.key, { ...BODY, model: ep, stream: false }));
    expect(good.status).toBe(200);
  });
});

describe('keys', () => {
  test('a temporary key ends when it says', async () => {
    const ep = await makeEndpoint({ Name: 'temporary' });
    const wish = { ResourceType: 'endpoint', ResourceIds: [ep] };
    const nowS = Math.floor(Date.now() / 1_000);
    const ended = await us.good('GetApiKey', { ...wish, DurationSeconds: 0 });
    expect(await call(apiKey.parse(ended).ApiKey, ep)).toMatchObject({ code: 'key_expired' });
    const short = apiKey.parse(await us.good('GetApiKey', { ...wish, DurationSeconds: 2 }));
    expect((await call(short.ApiKey, ep)).status).toBe(200);
    await Bun.sleep(short.ExpiredTime * 1_000 - Date.now() + 5);
    expect(await call(short.ApiKey, ep)).toMatchObject({ status: 401, code: 'key_expired' });
    const week = apiKey.parse(await us.good('GetApiKey', wish));
    expect(week.ExpiredTime - nowS).toBeWithin(604_800, 604_810);
    const over = await us.act('GetApiKey', { ...wish, DurationSeconds: 2_592_001 });
    expect(over.code).toBe('InvalidParameter.DurationSeconds');
  });

  test('for models by id, of which a bot is none; not for actions, nor for nothing', async () => {
    const wish = { ResourceType: 'presetendpoint', ResourceIds: ['other'], ProjectName: 'p' };
    const { ApiKey } = apiKey.parse(await us.good('GetApiKey', wish));
    expect((await call(ApiKey, 'other')).status).toBe(200);
    expect((await call(ApiKey, 'm')).code).toBe('model_not_allowed');
    for (const [more, code] of [
      [{ ResourceType: 'bot' }, 'InvalidParameter.ResourceIds'],
      [{ ResourceType: 'action' }, 'InvalidParameter.ResourceType'],
      [{ ResourceIds: [] }, 'InvalidParameter.ResourceIds'],
      [{ ResourceIds: ['nope'] }, 'InvalidParameter.ResourceIds'],
    ] as const) {
      expect((await us.act('GetApiKey', { ...wish, ...more })).code).toBe(code);
    }
  });

  test('lasting ones are made, listed page after page, and ended', async () => {
    const mine = await makeAccount(edge, 'keys');
    const made = z.object({ Id: z.string(), ApiKey: z.string() });
    const one = made.parse(await mine.good('CreateApiKey', { Name: 'one', Models: ['m'] }));
    expect((await call(one.ApiKey, 'm')).status).toBe(200);
    expect((await call(one.ApiKey, 'other')).code).toBe('model_not_allowed');
    const more = { RateLimit: { Rpm: 1 }, DurationSeconds: 60 };
    const two = made.parse(await mine.good('CreateApiKey', { Name: 'two', ...more }));
    expect((await call(two.ApiKey, 'other')).status).toBe(200);
    expect((await call(two.ApiKey, 'other')).code).toBe('rate_limit_exceeded');
    const page = z.object({ Items: z.array(z.record(z.string(), z.unknown())), Next: z.string() });
    const seen: unknown[] = [];
    for (let After: string | undefined; After !== ''; ) {
      const wish = After === undefined ? {} : { After };
      const read = page.parse(await mine.good('ListApiKeys', { PageSize: 1, ...wish }));
      seen.push(...read.Items.map(({ Name }) => Name));
      After = read.Next;
    }
    expect(seen.sort()).toEqual(['keys', 'one', 'two']);
    expect((await them.act('DeleteApiKey', { Id: one.Id })).code).toBe('NotFound.ApiKey');
    await mine.good('DeleteApiKey', { Id: one.Id });
    expect((await call(one.ApiKey, 'm')).code).toBe('key_disabled');
    const text = JSON.stringify(await mine.good('ListApiKeys', {}));
    expect(text).toContain('"Status":"Disabled"');
    for (const { ApiKey } of [one, two]) expect(text).not.toContain(ApiKey);
  });
});

describe('models and usage', () => {
  test('models are listed by name and version', async () => {
    expect(await us.good('ListFoundationModels', { Filter: { Names: ['other'] } })).toEqual({
      TotalCount: 1,
      PageNumber: 1,
      PageSize: 10,
      Items: [
        {
          Name: 'other',
          DisplayName: 'other',
          VendorName: 'acme',
          PrimaryVersion: '',
          Versions: [''],
          AccessType: 'Public',
        },
      ],
    });
    expect(await us.good('ListFoundationModels', { PageSize: 1 })).toMatchObject({ TotalCount: 2 });
  });

  test('usage of an endpoint is what its calls used', async () => {
    const ep = await makeEndpoint({ Name: 'used' });
    for (let times = 0; times < 3; times += 1) await call(us.key, ep);
    await Bun.sleep(30);
    const nowS = Math.floor(Date.now() / 1_000);
    const span = { StartTime: nowS - 60, EndTime: nowS + 60, Interval: 120, EndpointIds: [ep] };
    const series = (Name: string, Value: number) => {
      return { Name, MetricItems: [{ Values: [{ Timestamp: span.StartTime, Value }] }] };
    };
    expect(await us.good('GetUsage', span)).toEqual({
      UsageResults: [series('PromptTokens', 15), series('CompletionTokens', 3)],
    });
    const nothing = { UsageResults: [{ MetricItems: [{ Values: [] }] }, {}] };
    expect(await them.good('GetUsage', span)).toMatchObject(nothing);
    for (const [more, code] of [
      [{ EndTime: span.StartTime }, 'InvalidParameter.EndTime'],
      [{ EndTime: nowS + 10_000_000, Interval: 60 }, 'InvalidParameter.Interval'],
      [{ Scenes: ['x'] }, 'InvalidParameter.Scenes'],
    ] as const) {
      expect((await us.act('GetUsage', { ...span, ...more })).code).toBe(code);
    }
  });
});
