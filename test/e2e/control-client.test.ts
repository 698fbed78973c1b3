/** npm @volcengine/openapi against the control plane: every action, signed as its users do. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { z } from 'zod';
import { type ArkPlace, startArkPlace } from './ark-place.ts';
import { cleanUp } from './gateway.ts';

const START_MS = 60_000;
const MODEL = 'doubao-seed-1-6-251015';

let place: ArkPlace;
beforeAll(async () => {
  place = await startArkPlace();
}, START_MS);
afterAll(cleanUp);

const envelope = z.object({
  ResponseMetadata: z.object({
    Action: z.string(),
    Version: z.literal('2024-01-01'),
    Service: z.literal('ark'),
    Region: z.literal('cn-beijing'),
    RequestId: z.string().min(1),
    Error: z.object({ Code: z.string(), Message: z.string() }).optional(),
  }),
  Result: z.looseObject({}).optional(),
});

/** The result of a good answer; throws the code of another. */
async function act(action: string, body: object = {}): Promise<Record<string, unknown>> {
  const { ResponseMetadata: meta, Result } = envelope.parse(await place.act(action, body));
  expect(meta.Action).toBe(action);
  if (meta.Error !== undefined) throw new Error(meta.Error.Code);
  return Result ?? {};
}

const REFERENCE = { FoundationModel: { Name: 'doubao-seed-1-6', ModelVersion: '251015' } };

describe('endpoints by signed requests', () => {
  test('one is made, found, changed, stopped, started and deleted', async () => {
    const tags = [{ Key: 'team', Value: 'support' }];
    const made = await act('CreateEndpoint', {
      Name: 'first',
      ModelReference: REFERENCE,
      RateLimit: { Rpm: 60, Tpm: 10_000 },
      Tags: tags,
    });
    const Id = String(made.Id);
    expect(Id).toMatch(/^ep-\d{14}-[0-9a-z]{5}$/);
    expect(await act('GetEndpoint', { Id })).toMatchObject({
      Id,
      Name: 'first',
      Status: 'Running',
      RateLimit: { Rpm: 60, Tpm: 10_000 },
      Tags: tags,
    });
    await act('UpdateEndpoint', { Id, Name: 'second' });
    const found = await act('ListEndpoints', { Filter: { Name: 'second' }, PageSize: 10 });
    expect(found).toMatchObject({ TotalCount: 1, Items: [{ Id }] });
    await act('StopEndpoint', { Id });
    expect(await act('GetEndpoint', { Id })).toMatchObject({ Status: 'Stopped' });
    await act('StartEndpoint', { Id });
    await expect(act('DeleteEndpoint', { Id })).rejects.toThrow('OperationDenied.EndpointStatus');
    // Two equal requests of one second have one signature, and the second would be a replay.
    await Bun.sleep(1_000);
    await act('StopEndpoint', { Id });
    await act('DeleteEndpoint', { Id });
    await expect(act('GetEndpoint', { Id })).rejects.toThrow('NotFound.Endpoint');
  });

  test('models are listed; what is no action is refused', async () => {
    const models = await act('ListFoundationModels', { Filter: { Name: 'doubao-seed-1-6' } });
    expect(JSON.stringify(models.Items)).toContain('251015');
    await expect(act('DanceEndpoint')).rejects.toThrow('InvalidActionOrVersion');
    await expect(act('CreateEndpoint', { Name: 'x' })).rejects.toThrow('MissingParameter');
  });
});

describe('keys by signed requests', () => {
  const client = (apiKey: string) =>
    new OpenAI({ baseURL: `${place.gateway.url}/api/v3`, apiKey, maxRetries: 0 });
  const say = async (apiKey: string, model: string) => {
    const messages = [{ role: 'user' as const, content: 'Say yes' }];
    const made = await client(apiKey).chat.completions.create({ model, messages });
    return [made.choices[0]!.message.content, made.model];
  };

  test('a temporary key opens its endpoint, answers with the model, and nothing else', async () => {
    const wish = { ResourceType: 'endpoint', ResourceIds: [place.endpoint], DurationSeconds: 60 };
    const { ApiKey: key, ExpiredTime: end } = await act('GetApiKey', wish);
    expect(Math.abs(Number(end) - Date.now() / 1000 - 60)).toBeLessThan(10);
    expect(await say(String(key), place.endpoint)).toEqual(['yes', MODEL]);
    const denied = say(String(key), 'doubao-seed-1-8-251228');
    await expect(denied).rejects.toMatchObject({ status: 403, code: 'AccessDenied' });
  });

  test('a stopped endpoint says so, in the words of the vendor', async () => {
    await act('StopEndpoint', { Id: place.endpoint });
    const stopped = say(place.gateway.key, place.endpoint);
    const expected = { status: 400, code: 'InvalidEndpoint.ClosedEndpoint' };
    await expect(stopped).rejects.toMatchObject(expected);
    await act('StartEndpoint', { Id: place.endpoint });
    expect((await say(place.gateway.key, place.endpoint))[0]).toBe('yes');
  });

  test('an API key is made, listed, used and deleted', async () => {
    const { Id, ApiKey: key } = await act('CreateApiKey', { Name: 'robot', Models: [MODEL] });
    expect(await say(String(key), MODEL)).toEqual(['yes', MODEL]);
    const listed = JSON.stringify((await act('ListApiKeys')).Items);
    expect(listed).toContain(String(Id));
    expect(listed).not.toContain(String(key));
    await act('DeleteApiKey', { Id });
    const gone = async () => {
      for (;;) await say(String(key), MODEL).then(() => Bun.sleep(50));
    };
    await expect(gone()).rejects.toMatchObject({ status: 401, code: 'AuthenticationError' });
  });

  test('usage is summed over time', async () => {
    await say(place.gateway.key, place.endpoint);
    const now = Math.floor(Date.now() / 1000);
    const span = { StartTime: now - 600, EndTime: now + 600, Interval: 60 };
    const { UsageResults: results } = await act('GetUsage', span);
    expect(JSON.stringify(results)).toContain('PromptTokens');
    expect(JSON.stringify(results)).toContain('"Value":');
  });
});

describe('the openai package at the data plane', () => {
  const openai = () =>
    new OpenAI({
      baseURL: `${place.gateway.url}/api/v3`,
      apiKey: place.gateway.key,
      maxRetries: 0,
    });

  test('chats, streams, embeds, draws, lists models', async () => {
    const messages = [{ role: 'user' as const, content: 'Say yes' }];
    const stream = await openai().chat.completions.create({
      model: MODEL,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let total = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      total = chunk.usage?.total_tokens ?? total;
    }
    expect([text, total > 0]).toEqual(['yes', true]);
    const model = 'doubao-embedding-large-text-250515';
    const vectors = await openai().embeddings.create({ model, input: ['a', 'b'] });
    expect(vectors.data.map(({ embedding }) => embedding.length)).toEqual([2_048, 2_048]);
    const prompt = 'a cat';
    const picture = await openai().images.generate({ model: 'doubao-seedream-4-5', prompt });
    expect((await fetch(picture.data![0]!.url!)).headers.get('content-type')).toBe('image/png');
    const ids = (await openai().models.list()).data.map(({ id }) => id);
    expect(ids).toContain(MODEL);
  });

  test('sees Ark’s codes in its own exceptions', async () => {
    const messages = [{ role: 'developer' as const, content: 'x' }];
    const bad = async () => await openai().chat.completions.create({ model: MODEL, messages });
    await expect(bad()).rejects.toMatchObject({
      status: 400,
      code: 'InvalidParameter',
      type: 'BadRequest',
      param: 'messages[0].role',
    });
  });
});
