/** The data plane of Volcengine Ark, in its own words, whatever vendor is behind the model. */
import { EMBEDDINGS } from '../dialects/embeddings/exchange.ts';
import type { Family } from '../dialects/shape.ts';
import {
  readContext,
  readEmbeddings,
  readImages,
  readMultimodal,
  readTokenization,
} from '../dialects/volc-ark/asks.ts';
import {
  readBatchChat,
  readChat,
  readContextChat,
  readStrictChat,
} from '../dialects/volc-ark/chat.ts';
import { toOwnStatus, writeFault, writeFaultEvent } from '../dialects/volc-ark/fault.ts';
import { readResponses } from '../dialects/volc-ark/responses.ts';
import { Fault } from '../kit/fault.ts';
import { isObject, parseJson } from '../kit/json.ts';
import { fileRoutes } from './kept-files.ts';
import { type ModelEdge, modelDoorRoutes } from './models.ts';
import { findOwn } from './pins.ts';
import { type Asking, type RelayEdge, relayed, type WholeAnswer } from './relayed.ts';
import { type ResponsesDoor, type ResponsesEdge, responsesRoutes } from './responses.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';

const PREFIX = '/api/v3';
const MS_PER_S = 1_000;
/** A context's life where the vendor does not say it. */
const TTL_S_DEFAULT = 86_400;
const CHAT = 'openai-chat';

const DAY_MS = 86_400_000;

/** Three days unless `expire_at` says otherwise, seven at most. */
const RESPONSES: ResponsesDoor = Object.freeze({
  prefix: PREFIX,
  tellsEnd: true,
  counts: false,
  reasons: new Map(),
  readRequest: readResponses,
  writeFault,
  writeFaultEvent,
  rule: Object.freeze({ lifeMs: 3 * DAY_MS, lifeMsMax: 7 * DAY_MS }),
});

type Read = Asking['readRequest'];

function asking(family: Family, dialect: string, readRequest: Read): Asking {
  return { family, dialect, readRequest, writeFault, writeFaultEvent };
}

export function dataPlaneRoutes(edge: ResponsesEdge & ModelEdge): readonly Route[] {
  const askings: readonly (readonly [path: string, asking: Asking])[] = [
    ['/chat/completions', { ...asking('chat', CHAT, readChat), readStrict: readStrictChat }],
    ['/embeddings', asking('embeddings', EMBEDDINGS, readEmbeddings)],
    ['/embeddings/multimodal', asking('multimodal_embeddings', 'volc-multimodal', readMultimodal)],
    ['/images/generations', asking('images', 'volc-pictures', readImages)],
    ['/tokenization', asking('tokenization', 'volc-tokenization', readTokenization)],
    ['/context/create', contextAsking(edge)],
    ['/context/chat/completions', contextChatAsking(edge)],
    ['/batch/chat/completions', asking('batch_chat', CHAT, readBatchChat)],
    ['/bots/chat/completions', asking('bot_chat', CHAT, readChat)],
  ];
  return [
    ...askings.map(([path, each]) =>
      route({
        method: 'POST',
        path: PREFIX + path,
        access: 'caller',
        handle: (visit) => inOwnWords(relayed(visit, each, edge)),
        writeFault,
      }),
    ),
    ...responsesRoutes(edge, RESPONSES).map((one) => ({
      ...one,
      handle: (visit: Visit) => inOwnWords(Promise.resolve(one.handle(visit))),
    })),
    ...fileRoutes(edge, PREFIX),
    ...modelDoorRoutes(edge, { prefix: PREFIX, writeFault }),
  ];
}

async function inOwnWords(answer: Promise<Response>): Promise<Response> {
  try {
    return await answer;
  } catch (thrown) {
    throw thrown instanceof Fault ? toOwnStatus(thrown) : thrown;
  }
}

/** Whose the context is, and where: only there it can be gone on with. */
function contextAsking({ resources, relay }: RelayEdge): Asking {
  const keep = async ({ text, upstream }: WholeAnswer, visit: Visit): Promise<string> => {
    const made = parseJson(text);
    const { id, ttl } = isObject(made) ? made : {};
    const nowMs = relay.clock.nowMs();
    const ttlS = typeof ttl === 'number' ? ttl : TTL_S_DEFAULT;
    const kept = await resources.insert({
      id: String(id),
      accountId: callerOf(visit).key.accountId,
      kind: 'context',
      upstream,
      body: JSON.stringify({ ttl: ttlS }),
      createdMs: nowMs,
      expiresMs: nowMs + ttlS * MS_PER_S,
    });
    if (!kept) throw new Fault('vendor_malformed');
    return text;
  };
  return { ...asking('context', 'volc-context', readContext), keep };
}

function contextChatAsking({ resources, relay }: RelayEdge): Asking {
  const pin: NonNullable<Asking['pin']> = async ({ body }, visit) => {
    const { accountId } = callerOf(visit).key;
    const nowMs = relay.clock.nowMs();
    const which = { id: String(body.context_id), accountId, kind: 'context' } as const;
    const row = await findOwn(resources, which, nowMs);
    const kept = JSON.parse(row.body) as { ttl: number };
    // Its life begins anew each time that it is used.
    const expiresMs = nowMs + kept.ttl * MS_PER_S;
    await resources.update(row.id, { body: row.body, expiresMs });
    return row.upstream;
  };
  return { ...asking('context_chat', CHAT, readContextChat), pin };
}
