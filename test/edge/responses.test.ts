/** Responses over HTTP: kept per account, gone on from, listed, deleted; streams that fail. */
import { afterEach, describe, expect, test } from 'bun:test';
import { KEPT_BYTES_MAX, REFERENCES_MAX, THREAD_TURNS_MAX } from '../../src/edge/response-store.ts';
import { sweepResponses } from '../../src/edge/response-sweep.ts';
import type { Outbound } from '../../src/kit/fetch.ts';
import { splitEvents } from '../../src/kit/sse.ts';
import { ask, type Edge, goodOutbound, post, startEdge } from './rig.ts';

const PATH = '/v1/responses';
const DAY_S = 86_400;
let edge: Edge;
afterEach(() => edge.stop());

interface Sent {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

/** Answers well, and tells what it was asked. */
async function start(outbound: Outbound = goodOutbound) {
  const sent: Sent[] = [];
  edge = await startEdge({
    outbound: (request) => {
      sent.push(JSON.parse(String(request.body)));
      return outbound(request);
    },
  });
  const key = await edge.mint();
  const create = async (body: object, secret = key) =>
    ask(edge, PATH, post(secret, { model: 'm', input: 'Hi', ...body }));
  const at = (path: string, method = 'GET', secret = key) =>
    ask(edge, `${PATH}/${path}`, { method, headers: { authorization: `Bearer ${secret}` } });
  return { sent, key, create, at };
}

/** A key of another account. */
async function stranger(): Promise<string> {
  const row = { id: 'acct_other', name: 'other', unlimited: true, createdMs: 1 };
  await edge.store.accounts.insert(row);
  return edge.mint({ accountId: row.id });
}

const parse = ({ text }: { readonly text: string }) => JSON.parse(text);
const said = (sent: readonly Sent[]) => sent.at(-1)?.messages.map(({ content }) => content);

describe('a turn that is kept', () => {
  test('is read again as it was told, and gone on from in order', async () => {
    const { sent, create, at } = await start();
    const first = parse(await create({ input: 'One', instructions: 'Be brief.' }));
    expect(first).toMatchObject({ object: 'response', store: true, previous_response_id: null });
    expect(parse(await at(first.id))).toEqual(first);
    const second = parse(await create({ input: 'Two', previous_response_id: first.id }));
    expect(second.previous_response_id).toBe(first.id);
    const third = parse(await create({ input: 'Three', previous_response_id: second.id }));
    // Instructions are of their own turn alone.
    expect(said(sent)).toEqual(['One', 'hi', 'Two', 'hi', 'Three']);
    expect(parse(await at(third.id)).previous_response_id).toBe(second.id);
  });

  test('is another account’s neither to read, nor to go on from, nor to delete', async () => {
    const { create, at } = await start();
    const first = parse(await create({}));
    const other = await stranger();
    expect((await at(first.id, 'GET', other)).status).toBe(404);
    expect((await at(first.id, 'DELETE', other)).status).toBe(404);
    expect((await at(`${first.id}/input_items`, 'GET', other)).status).toBe(404);
    const next = await create({ previous_response_id: first.id }, other);
    expect([next.status, next.param]).toEqual([400, 'previous_response_id']);
    expect(parse(next).error.code).toBe('previous_response_not_found');
    const reference = { type: 'item_reference', id: first.output[0].id };
    expect((await create({ input: [reference] }, other)).status).toBe(404);
    expect((await at(first.id)).status).toBe(200);
  });

  test('can be named by its items', async () => {
    const { sent, create } = await start();
    const { output } = parse(await create({ input: 'One' }));
    const reference = { type: 'item_reference', id: output[0].id };
    const input = [{ role: 'user', content: 'One' }, reference, { role: 'user', content: 'Two' }];
    expect((await create({ input })).status).toBe(200);
    expect(said(sent)).toEqual(['One', 'hi', 'Two']);
    const lost = await create({ input: [{ type: 'item_reference', id: 'msg_none' }] });
    expect([lost.status, lost.code, lost.param]).toEqual([404, 'resource_not_found', 'input[0]']);
    const many = Array.from({ length: REFERENCES_MAX + 1 }, () => reference);
    expect((await create({ input: many })).code).toMatch(/invalid_request|body_too_large/);
  });

  test('is gone once it is deleted, and so are the turns after it', async () => {
    const { create, at } = await start();
    const first = parse(await create({}));
    const second = parse(await create({ previous_response_id: first.id }));
    const deleted = parse(await at(first.id, 'DELETE'));
    expect(deleted).toEqual({ id: first.id, object: 'response', deleted: true });
    expect((await at(first.id)).status).toBe(404);
    const next = await create({ previous_response_id: second.id });
    expect(next.status).toBe(400);
    expect(parse(next).message).toContain(first.id);
  });

  test('goes when its time is over', async () => {
    const { create } = await start();
    const nowS = Math.floor(Date.now() / 1_000);
    const { id } = parse(await create({ expire_at: nowS + 60 }));
    const kept = parse(await create({}));
    const find = (one: string, nowMs: number) =>
      edge.store.responses.byId(one, { accountId: 'default', nowMs });
    expect(await find(id, (nowS + 61) * 1_000)).toBeUndefined();
    expect(await find(kept.id, (nowS + 29 * DAY_S) * 1_000)).toBeDefined();
    expect(await find(kept.id, (nowS + 31 * DAY_S) * 1_000)).toBeUndefined();
    const clock = { ...edge.relay.clock, nowMs: () => (nowS + 61) * 1_000 };
    const deps = { responses: edge.store.responses, clock, log: edge.relay.log };
    expect(await sweepResponses(deps)).toBe(1);
    expect(await find(id, nowS * 1_000)).toBeUndefined();
    for (const wrong of [nowS - 1, nowS + 40 * DAY_S, 'soon']) {
      expect((await create({ expire_at: wrong })).param).toBe('expire_at');
    }
  });

  test('a thread has an end', async () => {
    const { create } = await start();
    const { id, output } = parse(await create({}));
    let previousId = id;
    const rows = Array.from({ length: THREAD_TURNS_MAX }, (_, index) => {
      const row = {
        id: `resp_${index}`,
        accountId: 'default',
        previousId,
        model: 'm',
        input: '[]',
        response: JSON.stringify({ output }),
        createdMs: 1,
        expiresMs: Number.MAX_SAFE_INTEGER,
      };
      previousId = row.id;
      return row;
    });
    for (const row of rows) await edge.store.responses.insert({ row, itemIds: [] });
    const told = await create({ previous_response_id: previousId });
    expect([told.code, told.param]).toEqual(['invalid_request', 'previous_response_id']);
    expect(parse(told).message).toContain(String(THREAD_TURNS_MAX));
    expect(KEPT_BYTES_MAX).toBeGreaterThan(1_000_000);
  });
});

describe('a turn that is not to be kept', () => {
  test('leaves nothing behind', async () => {
    const { create, at } = await start();
    const told = parse(await create({ store: false }));
    expect(told.store).toBe(false);
    expect((await at(told.id)).status).toBe(404);
  });

  test.each([
    [{ background: true }, 'background'],
    [{ conversation: 'conv_1' }, 'conversation'],
  ])('%j is refused with the mend', async (body, param) => {
    const { create, sent } = await start();
    const told = await create(body);
    expect([told.status, told.code, told.param]).toEqual([400, 'unsupported_parameter', param]);
    expect(sent).toEqual([]);
  });
});

describe('the input of a turn', () => {
  test('is listed in pages, newest first or oldest first', async () => {
    const { create, at } = await start();
    const input = ['a', 'b', 'c'].map((content) => ({ role: 'user', content }));
    const { id } = parse(await create({ input }));
    const texts = (page: { data: { content: { text: string }[] }[] }) =>
      page.data.map(({ content }) => content[0]?.text);
    const list = async (query: string) => parse(await at(`${id}/input_items${query}`));
    expect(texts(await list(''))).toEqual(['c', 'b', 'a']);
    const first = await list('?order=asc&limit=2');
    expect(texts(first)).toEqual(['a', 'b']);
    expect(first.has_more).toBe(true);
    const rest = await list(`?order=asc&limit=2&after=${first.last_id}`);
    expect(texts(rest)).toEqual(['c']);
    expect(rest.has_more).toBe(false);
    for (const wrong of ['limit=0', 'limit=101', 'limit=x', 'order=up', 'after=none']) {
      const told = await at(`${id}/input_items?${wrong}`);
      expect([told.status, told.param]).toEqual([400, wrong.split('=')[0]]);
    }
    expect((await at(`${id}?stream=true`)).param).toBe('stream');
  });
});

const events = (text: string) => splitEvents(text).map(({ data }) => JSON.parse(data ?? ''));

describe('a stream', () => {
  test('is kept before its end is told', async () => {
    const { create, at } = await start();
    const told = events((await create({ stream: true })).text);
    const { response } = told.at(-1);
    expect(told.map(({ response: one }) => one?.id ?? response.id)).toEqual(
      told.map(() => response.id),
    );
    expect(parse(await at(response.id))).toEqual(response);
  });

  test('says that it is not kept where the store refuses', async () => {
    const { create } = await start();
    Object.assign(edge.store.responses, { insert: () => Promise.reject(new Error('full')) });
    const told = events((await create({ stream: true })).text);
    expect(told.at(-1).type).toBe('response.completed');
    expect(told.at(-1).response.store).toBe(false);
    expect(parse(await create({})).store).toBe(false);
  });

  test('that breaks ends in an error and a response that failed, numbered on', async () => {
    const chunk = { choices: [{ index: 0, delta: { content: 'hi' } }] };
    let left = 1;
    const { create, at } = await start(async () => ({
      status: 200,
      header: () => null,
      text: async () => '',
      close: () => undefined,
      read: async () => {
        left -= 1;
        return left === 0 ? Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`) : null;
      },
    }));
    const { text } = await create({ stream: true });
    const told = events(text);
    expect(told.map(({ sequence_number: n }) => n)).toEqual(told.map((_, n) => n));
    const [error, failed] = told.slice(-2);
    expect(error).toMatchObject({
      type: 'error',
      code: 'vendor_cut',
      error: { code: 'vendor_cut' },
    });
    expect(failed.type).toBe('response.failed');
    expect(failed.response).toMatchObject({ status: 'failed', error: { code: 'vendor_cut' } });
    expect(failed.response.id).toBe(told[0].response.id);
    expect((await at(failed.response.id)).status).toBe(404);
  });
});
