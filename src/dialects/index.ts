/**
 * Every format by its id, and how a request in one is carried to a vendor of another: untouched
 * where both are the same, through the common turn where both have one.
 */
import { EMBEDDINGS, openEmbeddings } from './embeddings/exchange.ts';
import { EMBED_FORMATS } from './embeddings/formats.ts';
import { openaiChatPassage } from './openai-chat/index.ts';
import { openRerank, RERANK } from './rerank/exchange.ts';
import { RERANK_FORMATS } from './rerank/formats.ts';
import type { AskedContext, CallerDialect, Exchange, Passage, VendorDialect } from './shape.ts';
import { translate } from './translate.ts';

const PASSAGES: Readonly<Record<string, Passage>> = byId([openaiChatPassage]);

/** Formats whose callers can be understood, and those in which vendors can be asked. */
const CALLERS: Readonly<Record<string, CallerDialect>> = byId([]);
const VENDORS: Readonly<Record<string, VendorDialect>> = byId([]);

function byId<T extends { readonly id: string }>(all: readonly T[]): Readonly<Record<string, T>> {
  return Object.freeze(Object.fromEntries(all.map((one) => [one.id, one])));
}

/** Formats that are no chats: each knows its own ways. */
const OTHERS: Readonly<Record<string, Other>> = Object.freeze({
  [EMBEDDINGS]: {
    to: EMBED_FORMATS,
    open: ({ request, to }: ExchangeWish) => openEmbeddings(request, to),
  },
  [RERANK]: { to: RERANK_FORMATS, open: (wish: ExchangeWish) => openRerank(wish, wish.to) },
});

interface Other {
  readonly to: Pick<ReadonlyMap<string, unknown>, 'has'>;
  open(wish: ExchangeWish): Exchange;
}

/** Whether callers of `from` can be served by vendors of `to`. */
export function canExchange(from: string, to: string): boolean {
  const other = OTHERS[from];
  if (other !== undefined) return other.to.has(to);
  if (from === to && PASSAGES[from] !== undefined) return true;
  return CALLERS[from] !== undefined && VENDORS[to] !== undefined;
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
