/** The Command family, by Cohere. */
import type { Abilities, Model } from '../shape.ts';

const LIST = {
  source: "docs.cohere.com, the models' own pages (cohere-developer-experience of 2026-08-20)",
  checked: '2026-11-26',
} as const;

interface Wish {
  readonly id: string;
  readonly contextTokens: number;
  readonly outputTokensMax: number;
  readonly abilities?: Partial<Abilities>;
  /** Of a million tokens; the day is that of the model's release. */
  readonly price?: { readonly from: string; readonly input: string; readonly output: string };
}

function command({ id, contextTokens, outputTokensMax, abilities, price }: Wish): Model {
  const plain = { tools: true, images: false, json: 'schema', reasoning: false } as const;
  const offer = { vendor: 'cohere', wireName: id };
  const { from = '', ...row } = price ?? {};
  const priced = { ...offer, prices: [{ from, currency: 'USD', rows: [row], ...LIST }] };
  return {
    id,
    maker: 'cohere',
    kind: 'chat',
    contextTokens,
    outputTokensMax,
    abilities: { ...plain, ...abilities },
    offers: [price === undefined ? offer : priced],
  };
}

// Those without a price are free up to limits of calls, says their maker, and sold by the hour of
// a machine beyond them: there is no price of tokens to charge.
export default [
  command({
    id: 'command-a-plus-05-2026',
    contextTokens: 128_000,
    outputTokensMax: 64_000,
    abilities: { images: true, reasoning: true },
  }),
  command({
    id: 'command-a-03-2025',
    contextTokens: 256_000,
    outputTokensMax: 8_000,
    price: { from: '2025-03-13', input: '2.50', output: '10.00' },
  }),
  command({
    id: 'command-a-reasoning-08-2025',
    contextTokens: 256_000,
    outputTokensMax: 32_000,
    abilities: { reasoning: true },
  }),
  command({
    id: 'command-a-vision-07-2025',
    contextTokens: 128_000,
    outputTokensMax: 8_000,
    abilities: { tools: false, images: true },
  }),
  // 8,000 of input and as much of output.
  command({
    id: 'command-a-translate-08-2025',
    contextTokens: 16_000,
    outputTokensMax: 8_000,
  }),
  command({
    id: 'command-r7b-12-2024',
    contextTokens: 128_000,
    outputTokensMax: 4_000,
    price: { from: '2024-12-13', input: '0.0375', output: '0.15' },
  }),
  command({
    id: 'command-r-plus-08-2024',
    contextTokens: 128_000,
    outputTokensMax: 4_000,
    price: { from: '2024-08-30', input: '2.50', output: '10.00' },
  }),
  command({
    id: 'command-r-08-2024',
    contextTokens: 128_000,
    outputTokensMax: 4_000,
    price: { from: '2024-08-30', input: '0.15', output: '0.60' },
  }),
] satisfies readonly Model[];
