/**
 * Every format by its id, and how a request in one is carried to a vendor of another: untouched
 * where both are the same, through the common turn where both have one.
 */
import { anthropicCountPassage } from './anthropic-messages/count.ts';
import {
  anthropicMessagesCaller,
  anthropicMessagesPassage,
  anthropicMessagesVendor,
} from './anthropic-messages/index.ts';
import { bedrockConverseVendor } from './bedrock-converse/index.ts';
import { COHERE_EMBED, openCohereEmbeddings } from './cohere-chat/embed.ts';
import { cohereChatCaller, cohereChatPassage, cohereChatVendor } from './cohere-chat/index.ts';
import { EMBEDDINGS, openEmbeddings } from './embeddings/exchange.ts';
import { EMBED_FORMATS } from './embeddings/formats.ts';
import { geminiCountPassage } from './gemini-generate/count.ts';
import {
  geminiGenerateCaller,
  geminiGeneratePassage,
  geminiGenerateVendor,
} from './gemini-generate/index.ts';
import { openaiChatCaller, openaiChatPassage, openaiChatVendor } from './openai-chat/index.ts';
import { openaiResponsesCountPassage } from './openai-responses/count.ts';
import {
  openaiResponsesCaller,
  openaiResponsesPassage,
  openaiResponsesVendor,
} from './openai-responses/index.ts';
import { openRerank, RERANK } from './rerank/exchange.ts';
import { RERANK_FORMATS } from './rerank/formats.ts';
import { Rescuable } from './rescue.ts';
import type {
  AskedContext,
  CallerDialect,
  Exchange,
  Passage,
  VendorDialect,
  WireRequest,
} from './shape.ts';
import { translate } from './translate.ts';
import type { Turn } from './turn.ts';
import { VOLC_PASSAGES } from './volc-ark/passages.ts';

const PASSAGES: Readonly<Record<string, Passage>> = byId([
  openaiChatPassage,
  openaiResponsesPassage,
  anthropicMessagesPassage,
  geminiGeneratePassage,
  cohereChatPassage,
  openaiResponsesCountPassage,
  ...VOLC_PASSAGES,
  anthropicCountPassage,
  geminiCountPassage,
]);

/** Formats whose callers can be understood, and those in which vendors can be asked. */
const CALLERS: Readonly<Record<string, CallerDialect>> = byId([
  openaiChatCaller,
  openaiResponsesCaller,
  anthropicMessagesCaller,
  geminiGenerateCaller,
  cohereChatCaller,
]);
const VENDORS: Readonly<Record<string, VendorDialect>> = byId([
  openaiChatVendor,
  openaiResponsesVendor,
  anthropicMessagesVendor,
  geminiGenerateVendor,
  cohereChatVendor,
  bedrockConverseVendor,
]);

function byId<T extends { readonly id: string }>(all: readonly T[]): Readonly<Record<string, T>> {
  return Object.freeze(Object.fromEntries(all.map((one) => [one.id, one])));
}

/** Formats that are no chats: each knows its own ways. */
const OTHERS: Readonly<Record<string, Other>> = Object.freeze({
  [EMBEDDINGS]: {
    to: EMBED_FORMATS,
    open: ({ request, to }: ExchangeWish) => openEmbeddings(request, to),
  },
  [COHERE_EMBED]: {
    to: EMBED_FORMATS,
    open: (wish: ExchangeWish) => openCohereEmbeddings(wish, wish.to),
  },
  [RERANK]: { to: RERANK_FORMATS, open: (wish: ExchangeWish) => openRerank(wish, wish.to) },
});

interface Other {
  readonly to: Pick<ReadonlyMap<string, unknown>, 'has'>;
  open(wish: ExchangeWish): Exchange;
}

/**
 * A call whose stream another vendor may finish; null where the caller's format has no common form.
 */
export function openRescuable(wish: Omit<ExchangeWish, 'to'>): Rescuable | null {
  const caller = CALLERS[wish.from];
  return caller === undefined ? null : new Rescuable(caller, wish);
}

/** The same question, or the rest of its answer, for a vendor of this format. */
export function openRest(call: Rescuable, to: string, continues: boolean): Exchange {
  const vendor = VENDORS[to];
  if (vendor === undefined) throw new Error(`no way through the common turn to ${to}`);
  return call.open({ vendor, continues });
}

/** Whether callers of `from` can be served by vendors of `to`. */
export function canExchange(from: string, to: string): boolean {
  const other = OTHERS[from];
  if (other !== undefined) return other.to.has(to);
  if (from === to && PASSAGES[from] !== undefined) return true;
  return CALLERS[from] !== undefined && VENDORS[to] !== undefined;
}

/** Both sides of a chat, and the passage where they are of one format. */
export interface Formats {
  readonly caller: CallerDialect;
  readonly vendor: VendorDialect;
  readonly passage: Passage | null;
}

/** null: there is no way through the common turn. */
export function findFormats(from: string, to: string): Formats | null {
  const caller = CALLERS[from];
  const vendor = VENDORS[to];
  if (caller === undefined || vendor === undefined) return null;
  return { caller, vendor, passage: from === to ? (PASSAGES[from] ?? null) : null };
}

/** The turn of a request; null where its format has none. Faults: as `readTurn` has them. */
export function readTurnOf(from: string, request: WireRequest): Turn | null {
  return CALLERS[from]?.readTurn(request) ?? null;
}

export interface ExchangeWish extends Omit<AskedContext, 'turn'> {
  readonly from: string;
  readonly to: string;
}

/** One attempt's way there and back. Throws where canExchange is false: a bug, not a fault. */
export function openExchange(wish: ExchangeWish): Exchange {
  const { from, to, request } = wish;
  const other = OTHERS[from];
  if (other !== undefined) return other.open(wish);
  const passage = from === to ? PASSAGES[from] : undefined;
  if (passage !== undefined) {
    return {
      write: (asked, how) => passage.writeRequest(asked, how),
      readReply: (text, readError) => passage.readReply(text, readError),
      watch: (readError) => passage.watch(request, readError),
    };
  }
  const caller = CALLERS[from];
  const vendor = VENDORS[to];
  if (caller === undefined || vendor === undefined) throw new Error(`no way from ${from} to ${to}`);
  return translate(caller, vendor, wish);
}
