import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  type Message,
  type Tool,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import OpenAI, { AzureOpenAI } from 'openai';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 0 });
});
afterAll(() => sandbox.stop());

const KEYS = { accessKeyId: 'AKIASANDBOX000000000', secretAccessKey: 'sandbox-bedrock-secret' };
const bedrock = (credentials = KEYS, region = 'us-east-1') =>
  new BedrockRuntimeClient({
    endpoint: `${sandbox.url}/bedrock`,
    region,
    credentials,
    maxAttempts: 1,
    // It speaks HTTP/2 unless told otherwise.
    requestHandler: new NodeHttpHandler(),
  });
const modelId = 'amazon.nova-pro-v1:0';
const said = (text: string): Message[] => [{ role: 'user', content: [{ text }] }];
const json = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
};
const TOOLS: Tool[] = [{ toolSpec: { name: 'get_weather', inputSchema: { json } } }];

async function events(command: ConverseStreamCommand): Promise<ConverseStreamOutput[]> {
  const { stream } = await bedrock().send(command);
  const found: ConverseStreamOutput[] = [];
  for await (const event of stream!) found.push(event);
  return found;
}

test('bedrock: a signed call is answered; a wrong secret, key or region is not', async () => {
  const command = () => new ConverseCommand({ modelId, messages: said('Say yes') });
  const answer = await bedrock().send(command());
  expect(answer.output!.message!.content).toEqual([{ text: 'yes' }]);
  expect(answer.stopReason).toBe('end_turn');
  expect(answer.usage!.totalTokens).toBe(answer.usage!.inputTokens! + answer.usage!.outputTokens!);
  const wrong = bedrock({ ...KEYS, secretAccessKey: 'another' });
  await expect(wrong.send(command())).rejects.toThrow('signature we calculated does not match');
  const stranger = bedrock({ ...KEYS, accessKeyId: 'AKIANOBODY' });
  await expect(stranger.send(command())).rejects.toThrow('security token');
  await expect(bedrock(KEYS, 'eu-west-1').send(command())).rejects.toThrow('does not match');
});

test('bedrock: what was signed and then changed is refused', async () => {
  const change = async (edit: (request: Signed) => void) => {
    const client = bedrock();
    client.middlewareStack.add(
      (next) => (args) => {
        edit(args.request as Signed);
        return next(args);
      },
      { step: 'deserialize', name: 'change' },
    );
    return await client
      .send(new ConverseCommand({ modelId, messages: said('Say yes') }))
      .then(({ stopReason }) => stopReason as string)
      .catch((error: Error) => error.name);
  };
  expect(await change(() => {})).toBe('end_turn');
  const body = JSON.stringify({ messages: said('Say no!') });
  const edits: ((request: Signed) => void)[] = [
    (request) => {
      request.body = body;
      request.headers['content-length'] = String(body.length);
    },
    (request) => {
      request.path = request.path.replace('nova-pro', 'nova-max');
    },
    (request) => {
      request.query.extra = '1';
    },
    (request) => {
      request.headers['x-amz-date'] = '20260101T000000Z';
    },
  ];
  for (const edit of edits) expect(await change(edit)).toBe('InvalidSignatureException');
});

interface Signed {
  body: unknown;
  path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
}

test('bedrock: binary events whose sums hold; text and usage are those of the whole', async () => {
  const ask = { modelId, messages: said('Count to 40 请') };
  const whole = await bedrock().send(new ConverseCommand(ask));
  const found = await events(new ConverseStreamCommand(ask));
  const text = found.map((event) => event.contentBlockDelta?.delta?.text ?? '').join('');
  expect(text).toBe(whole.output!.message!.content![0]!.text!);
  expect(found[0]).toHaveProperty('messageStart');
  expect(found.at(-1)!.metadata!.usage).toEqual(whole.usage);
});

test('bedrock: tools and their results, thinking with its signature', async () => {
  const messages = said('What is the weather in Paris?');
  const additionalModelRequestFields = { thinking: { type: 'enabled', budget_tokens: 1024 } };
  const ask = { modelId, messages, toolConfig: { tools: TOOLS }, additionalModelRequestFields };
  const { output, stopReason } = await bedrock().send(new ConverseCommand(ask));
  expect(stopReason).toBe('tool_use');
  const turn = output!.message!;
  expect(turn.content![0]!.reasoningContent!.reasoningText!.signature).toBeString();
  const { toolUse } = turn.content!.at(-1)!;
  expect(toolUse!.input).toEqual({ city: 'Paris' });
  const found = await events(new ConverseStreamCommand(ask));
  const input = found.map((event) => event.contentBlockDelta?.delta?.toolUse?.input ?? '').join('');
  expect(JSON.parse(input)).toEqual(toolUse!.input);
  const toolResult = { toolUseId: toolUse!.toolUseId, content: [{ text: '21 degrees' }] };
  const answered: Message[] = [...messages, turn, { role: 'user', content: [{ toolResult }] }];
  const next = await bedrock().send(new ConverseCommand({ ...ask, messages: answered }));
  expect(JSON.stringify(next.output)).toContain('21 degrees');
});

const REFUSED: readonly (readonly [string, object, string])[] = [
  [
    'first turn',
    { messages: [{ role: 'assistant', content: [{ text: 'x' }] }] },
    'start with a user',
  ],
  ['blank text', { messages: said(' ') }, 'is blank'],
  ['two turns', { messages: [...said('a'), ...said('b')] }, 'must alternate'],
  [
    'results without tools',
    {
      messages: [
        ...said('a'),
        { role: 'assistant', content: [{ toolUse: { toolUseId: 't', name: 'f', input: {} } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: 't', content: [{ text: 'r' }] } }] },
      ],
    },
    'toolConfig field must be defined',
  ],
  ['temperature', { messages: said('x'), inferenceConfig: { temperature: 2 } }, 'temperature'],
];

test.each(REFUSED)('bedrock refuses: %s', async (_, fields, words) => {
  const command = new ConverseCommand({ modelId, ...fields } as never);
  await expect(bedrock().send(command)).rejects.toThrow(words);
  await expect(bedrock().send(command)).rejects.toHaveProperty('name', 'ValidationException');
});

test('bedrock: faults, each with the exception that the SDK knows', async () => {
  const name = async (model: string) => {
    const command = new ConverseCommand({ modelId: model, messages: said('x') });
    return await bedrock()
      .send(command)
      .then(() => 'none')
      .catch((error: Error) => error.name);
  };
  expect(await name('sandbox-429')).toBe('ThrottlingException');
  expect(await name('sandbox-500')).toBe('InternalServerException');
  const stream = (model: string) =>
    events(new ConverseStreamCommand({ modelId: model, messages: said('x') }));
  await expect(stream('sandbox-error-middle')).rejects.toHaveProperty(
    'name',
    'InternalServerException',
  );
  await expect(stream('sandbox-malformed')).rejects.toThrow(/checksum/i);
});

test('bedrock: a key of its own as a bearer, and no key at all', async () => {
  const call = (headers: Record<string, string>) =>
    fetch(`${sandbox.url}/bedrock/model/${encodeURIComponent(modelId)}/converse`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ messages: said('x') }),
    });
  expect((await call({ authorization: 'Bearer sandbox-bedrock-key' })).status).toBe(200);
  const bare = await call({});
  expect(bare.status).toBe(403);
  expect(bare.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
});

const azure = (apiKey = 'sandbox-azure-key') =>
  new AzureOpenAI({
    endpoint: `${sandbox.url}/azure`,
    apiKey,
    apiVersion: '2024-10-21',
    maxRetries: 0,
  });

test('azure: the deployment is the model; filters stand in answers and first chunks', async () => {
  const messages = [{ role: 'user' as const, content: 'Say yes' }];
  const answer = await azure().chat.completions.create({ model: 'gpt-4.1', messages });
  expect(answer.choices[0]!.message.content).toBe('yes');
  expect(answer.choices[0]).toHaveProperty('content_filter_results.hate.severity', 'safe');
  const chunks = [];
  const stream = { model: 'gpt-4.1', messages, stream: true as const };
  for await (const chunk of await azure().chat.completions.create(stream)) chunks.push(chunk);
  expect(chunks[0]!.choices).toEqual([]);
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('yes');
  const embedded = await azure().embeddings.create({ model: 'text-embedding-3-large', input: 'a' });
  expect(embedded.data[0]!.embedding).toHaveLength(3072);
  const wrong = async () =>
    await azure('nope').chat.completions.create({ model: 'gpt-4.1', messages });
  await expect(wrong()).rejects.toThrow('invalid subscription key');
});

test('azure: without api-version there is no such page; /openai/v1 needs none', async () => {
  const headers = { 'content-type': 'application/json', 'api-key': 'sandbox-azure-key' };
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'x' }] });
  const url = `${sandbox.url}/azure/openai/deployments/gpt-4.1/chat/completions`;
  expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(404);
  const v1 = new OpenAI({
    baseURL: `${sandbox.url}/azure/openai/v1`,
    apiKey: 'sandbox-azure-key',
    maxRetries: 0,
  });
  const answer = await v1.responses.create({ model: 'gpt-4.1', input: 'Say yes' });
  expect(answer.output_text).toBe('yes');
  expect((await v1.responses.retrieve(answer.id).catch((error) => error)).status).toBe('completed');
});
