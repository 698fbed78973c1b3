/** OpenAI's models of pictures. They are counted in tokens, of text and of pictures apart. */
import { formatMoney, parseMoney } from '../../kit/money.ts';
import type { Model, PriceTable, UnitPrice } from '../shape.ts';

const MILLION = 1_000_000;
const ABILITIES = { tools: false, images: true, json: 'none', reasoning: false } as const;
const OFFICIAL = {
  source: 'developers.openai.com/api/docs/models, pages of gpt-image-2.6-sunburst and 1-mini',
  checked: '2026-11-26',
} as const;
/** unverified: 2, 2.5 and flare cost the same, by resellers that name the official list. */
const SECOND_HAND = {
  source: 'docs.apiyi.com of 2026-11-05, robotsatlas.com, llmreference.com of 2026-05-10',
  checked: '2026-11-26',
  unverified: true,
} as const;

interface Rates {
  readonly textIn: string;
  readonly imageIn: string;
  readonly imageOut: string;
  /** Absent: it writes no text. */
  readonly textOut?: string;
}

const NOW: Rates = { textIn: '5.00', imageIn: '8.00', imageOut: '30.00' };
const OLDER: Rates = { textIn: '5.00', imageIn: '8.00', imageOut: '32.00', textOut: '10.00' };
const MINI: Rates = { textIn: '2.00', imageIn: '2.50', imageOut: '8.00' };

/** A token of a picture is counted among all: what it costs more than one of text stands apart. */
function more(price: string, than: string): UnitPrice {
  return { price: formatMoney((parseMoney(price) ?? 0n) - (parseMoney(than) ?? 0n)), per: MILLION };
}

function list(
  { textIn, imageIn, imageOut, textOut = imageOut }: Rates,
  about: typeof OFFICIAL | typeof SECOND_HAND,
): readonly PriceTable[] {
  const units = {
    image_token: more(imageIn, textIn),
    ...(textOut === imageOut ? {} : { image_output_token: more(imageOut, textOut) }),
  };
  const rows = [{ input: textIn, output: textOut, units }];
  return [{ from: '2026-01-01', currency: 'USD', rows, ...about }];
}

function image(id: string, prices: readonly PriceTable[], more: Partial<Model> = {}): Model {
  return {
    ...{ id, maker: 'openai', kind: 'image', contextTokens: 0, outputTokensMax: 0 },
    abilities: ABILITIES,
    offers: [{ vendor: 'openai', wireName: id, prices }],
    ...more,
  };
}

export default [
  image('gpt-image-2.6-sunburst', list(NOW, OFFICIAL)),
  image('gpt-image-2.6-flare', list(NOW, SECOND_HAND)),
  image('gpt-image-2.5-sunburst', list(NOW, SECOND_HAND)),
  image('gpt-image-2.5-sunburst-2026-09-08', list(NOW, SECOND_HAND)),
  image('gpt-image-2.5-flare', list(NOW, SECOND_HAND)),
  image('gpt-image-2.5-flare-2026-09-08', list(NOW, SECOND_HAND)),
  image('gpt-image-2', list(NOW, SECOND_HAND)),
  image('gpt-image-2-2026-04-21', list(NOW, SECOND_HAND)),
  image('gpt-image-1.5', list(OLDER, SECOND_HAND)),
  image('gpt-image-1-mini', list(MINI, OFFICIAL)),
  // unverified which of them it is now; the dearest counts.
  image('chatgpt-image-latest', list(OLDER, SECOND_HAND)),
] satisfies readonly Model[];
