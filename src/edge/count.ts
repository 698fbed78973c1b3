/** Counts of tokens: by the vendor where it counts, else by estimate, which says so. */
import type { WireRequest } from '../dialects/shape.ts';
import { Fault } from '../kit/fault.ts';
import type { Json } from '../kit/json.ts';
import { type Asking, type RelayEdge, relayed } from './relayed.ts';
import type { Visit } from './routes.ts';

interface CountWish {
  readonly asking: Asking;
  readonly edge: RelayEdge;
  /** The answer of the format for so many tokens. */
  readonly write: (inputTokens: number) => Json;
}

const ESTIMATED = 'the vendor of this model counts no tokens in advance: this is an estimate';

export async function counted(visit: Visit, wish: CountWish): Promise<Response> {
  const { asking, edge, write } = wish;
  let asked: WireRequest | null = null;
  const seen: Asking = {
    ...asking,
    readRequest(text, bytes, place) {
      asked = asking.readRequest(text, bytes, place);
      return asked;
    },
  };
  try {
    return await relayed(visit, seen, edge);
  } catch (thrown) {
    // The caller may use the model by then, for that is looked at first.
    const estimate = guessOf(asked);
    const isUncounted = thrown instanceof Fault && thrown.code === 'wrong_model_kind';
    if (!isUncounted || estimate === null) throw thrown;
    return Response.json(write(estimate), { headers: { 'x-gangway-warning': ESTIMATED } });
  }
}

const guessOf = (request: WireRequest | null): number | null => request?.inputTokensGuess ?? null;
