/** The npm package `openai` asking for responses, as its users do, on everybody's models. */
import { afterAll, beforeAll, expect } from 'bun:test';
import OpenAI from 'openai';
import { cleanUp, type Gateway, startGateway } from '../gateway.ts';
import {
  CITY_SCHEMA,
  type Client,
  NUMBERS,
  OUTPUT_TOKENS,
  PERSON_SCHEMA,
  PNG,
  SHORT_TOKENS,
  TWO_TOOLS,
} from './matrix.ts';
import { expectPieces, tryAll, YAML } from './run.ts';

let gateway: Gateway;
let client: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
  client = new OpenAI({ apiKey: gateway.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
afterAll(cleanUp);

const ask = (model: string, input: string) => ({
  model,
  input,
  max_output_tokens: OUTPUT_TOKENS,
});
const toolOf = (name: string, description: string): OpenAI.Responses.FunctionTool => ({
  type: 'function',
  name,
  description,
  parameters: CITY_SCHEMA,
  strict: false,
});
const WEATHER = toolOf('get_weather', 'The weather of a city');
const TIME = toolOf('get_time', 'The time in a city');
const PERSON = {
  format: { type: 'json_schema' as const, name: 'person', strict: true, schema: PERSON_SCHEMA },
};

const callsOf = ({ output }: { output: readonly OpenAI.Responses.ResponseOutputItem[] }) =>
  output.flatMap((item) => (item.type === 'function_call' ? [item] : []));
const resultsOf = (answer: OpenAI.Responses.Response): OpenAI.Responses.ResponseInput =>
  callsOf(answer).map(({ call_id, name }) => ({
    type: 'function_call_output',
    call_id,
    output: name === 'get_time' ? 'noon' : 'sunny',
  }));

const tries: Client = {
  async 'a text, with usage'(model) {
    const answer = await client.responses.create(ask(model, 'Say good morning'));
    expect([answer.output_text, answer.status]).toEqual(['good morning', 'completed']);
    expect(answer.usage?.input_tokens).toBeGreaterThan(0);
    expect(answer.usage?.output_tokens).toBeGreaterThan(0);
    expect(answer._request_id).toMatch(/^req_/);
  },
  async 'a stream, with usage'(model) {
    const stream = client.responses.stream(ask(model, 'Count to 30'));
    const pieces: string[] = [];
    stream.on('response.output_text.delta', ({ delta }) => pieces.push(delta));
    const { usage } = await stream.finalResponse();
    expectPieces(pieces, NUMBERS);
    expect(usage?.input_tokens).toBeGreaterThan(0);
    expect(usage?.output_tokens).toBeGreaterThan(0);
  },
  async 'a system text'(model) {
    const instructions = 'Be brief.';
    const told = await client.responses.create({ ...ask(model, 'Say hello'), instructions });
    expect(told.output_text).toBe('hello');
    for (const role of ['system', 'developer'] as const) {
      const input = [
        { role, content: 'Be brief.' },
        { role: 'user' as const, content: 'Say hello' },
      ];
      expect((await client.responses.create({ model, input })).output_text).toBe('hello');
    }
  },
  // Nothing is kept: the answer's own items go back, with what the tool said.
  async 'a tool, called and answered'(model) {
    const first = { ...ask(model, 'What is the weather in Paris?'), tools: [WEATHER] };
    const include = ['reasoning.encrypted_content' as const];
    const loose = { ...first, store: false, include };
    const asked = await client.responses.create(loose);
    const [call] = callsOf(asked);
    expect(JSON.parse(call?.arguments ?? '')).toMatchObject({ city: 'Paris' });
    const told = await client.responses.create({
      ...loose,
      input: [
        { role: 'user', content: first.input },
        ...(asked.output as OpenAI.Responses.ResponseInput),
        ...resultsOf(asked),
      ],
    });
    expect(told.output_text).toContain('sunny');
  },
  async 'a tool, called in a stream'(model) {
    const stream = client.responses.stream({
      ...ask(model, 'What is the weather in Paris?'),
      tools: [WEATHER],
    });
    const calls = callsOf(await stream.finalResponse());
    expect(calls.map(({ name }) => name)).toEqual(['get_weather']);
    expect(JSON.parse(calls[0]?.arguments ?? '')).toMatchObject({ city: 'Paris' });
  },
  // What came before is kept here: only what the tools said goes back.
  async 'two tools at once, in a stream'(model) {
    const first = { ...ask(model, TWO_TOOLS), tools: [WEATHER, TIME] };
    const asked = await client.responses.stream(first).finalResponse();
    const calls = callsOf(asked);
    expect(calls.map(({ name }) => name)).toEqual(['get_weather', 'get_time']);
    for (const call of calls) expect(JSON.parse(call.arguments)).toMatchObject({ city: 'Paris' });
    const next = { ...first, input: resultsOf(asked), previous_response_id: asked.id };
    const told = await client.responses.create(next);
    expect(told.output_text).toContain('get_weather returned: sunny');
    expect(told.output_text).toContain('get_time returned: noon');
  },
  async 'an image'(model) {
    const image_url = `data:image/png;base64,${PNG}`;
    const { output_text: text } = await client.responses.create({
      ...ask(model, ''),
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is on it?' },
            { type: 'input_image', image_url, detail: 'auto' },
          ],
        },
      ],
    });
    expect(text).toContain('I received 1 image (image/png');
  },
  async 'a schema'(model) {
    const asked = { ...ask(model, 'Describe somebody who is 7'), text: PERSON };
    const { output_text: text } = await client.responses.create(asked);
    expect(JSON.parse(text)).toEqual({ name: expect.any(String), age: 7 });
  },
  async 'a schema, in a stream'(model) {
    const asked = { ...ask(model, 'Describe somebody who is 7'), text: PERSON };
    const { output_text: text } = await client.responses.stream(asked).finalResponse();
    expect(JSON.parse(text)).toEqual({ name: expect.any(String), age: 7 });
  },
  async 'the limit of length'(model) {
    const cut = await client.responses.create({
      ...ask(model, 'Count to 500'),
      max_output_tokens: SHORT_TOKENS,
    });
    expect(cut.status).toBe('incomplete');
    expect(cut.incomplete_details?.reason).toBe('max_output_tokens');
  },
};

tryAll(tries);
