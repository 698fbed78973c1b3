/** Calls that want JSON, of models that can do this or that for it. */
import { Fault } from '../../src/kit/fault.ts';
import type { Json } from '../../src/kit/json.ts';
import { priceCall } from '../../src/ledger/price.ts';
import type { StructuredWishes } from '../../src/relay/structured.ts';
import { makeRig, PRICE, type Rig, textOf, type Wish } from './rig.ts';
import type { Script } from './sim-vendors.ts';

export const SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
  required: ['name', 'age'],
  additionalProperties: false,
};
export const GOOD = '{"name":"Li","age":3}';
export const WRONG = '{"name":"Li","age":"three"}';

export const asking = (more: object = {}): Record<string, unknown> => ({
  response_format: {
    type: 'json_schema',
    json_schema: { name: 'person', schema: SCHEMA, strict: true, ...more },
  },
});

export const USAGE = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };

/** One whole answer: 100 tokens in, 10 out. */
export function answer(message: object, finish = 'stop'): Script {
  const said = { role: 'assistant', content: null, ...message };
  const body = { choices: [{ index: 0, message: said, finish_reason: finish }], usage: USAGE };
  return { acts: [{ bytes: JSON.stringify(body) }] };
}
export const says = (content: string, finish?: string): Script => answer({ content }, finish);

export function calls(name: string, args: string): Script {
  const call = { id: 'c', type: 'function', function: { name, arguments: args } };
  return answer({ tool_calls: [call] }, 'tool_calls');
}

interface Ran {
  readonly rig: Rig;
  readonly text: string;
  readonly headers: Record<string, string>;
  readonly fault: Fault | null;
  /** The bodies that the vendor was sent. */
  readonly asked: readonly Asked[];
}

interface Asked {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly response_format?: Json;
  readonly tools?: readonly { readonly function: { readonly name: string; parameters: Json } }[];
  readonly tool_choice?: Json;
  readonly stream?: boolean;
}

interface Told extends Wish {
  readonly wishes?: StructuredWishes;
  readonly more?: Record<string, unknown>;
}

export async function run(wish: Told, ...scripts: Script[]): Promise<Ran> {
  const { wishes, more = asking(), ...rest } = wish;
  const ask = { ...rest.ask, ...(wishes === undefined ? {} : { structured: wishes }) };
  const rig = await makeRig({ ...rest, ask }, { a: scripts });
  const work = rig.call(more).then(
    async (made) => ({ text: await textOf(made), headers: made.headers, fault: null }),
    (thrown: unknown) => {
      if (thrown instanceof Fault) return { text: '', headers: {}, fault: thrown };
      throw thrown;
    },
  );
  const told = await rig.clock.until(work);
  await rig.clock.advance(10);
  const asked = rig.vendors.asked.map(({ body }) => JSON.parse(String(body)) as Asked);
  return { rig, asked, ...told };
}

interface Reply {
  readonly choices: readonly {
    readonly message: { readonly content: string | null; readonly refusal?: string };
    readonly finish_reason: string;
  }[];
  readonly usage: Record<string, Json>;
}

export const replyOf = ({ text }: Ran): Reply => JSON.parse(text) as Reply;
export const contentOf = (ran: Ran): string | null =>
  replyOf(ran).choices[0]?.message.content ?? null;
export const headerOf = ({ headers }: Ran): string | undefined => headers['x-gangway-structured'];

const able = (json: 'schema' | 'object' | 'none', tools: boolean): Wish => ({
  model: { abilities: { json, tools, images: false, reasoning: false } },
});
export const SCHEMAS = able('schema', true);
export const TOOLS = able('none', true);
export const MODES = able('object', false);
export const WORDS = able('none', false);

/** What so many answers cost. */
export const costOf = (answers: number): bigint =>
  BigInt(answers) *
  priceCall(PRICE, {
    inputTokens: 100,
    outputTokens: 10,
    cachedInputTokens: 0,
    reasoningTokens: 0,
  });
