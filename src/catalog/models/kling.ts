/** Kling's models. Each price is a guess at what is held: the units that it deducts are charged. */
import type { Model, ModelKind, PriceRow, UnitPrice } from '../shape.ts';

const NONE = { tools: false, images: true, json: 'none', reasoning: false } as const;
const SIZES = { contextTokens: 0, outputTokensMax: 0, abilities: NONE } as const;

const LIST = {
  from: '2026-01-01',
  currency: 'USD',
  source: 'resellers that charge its list (inference.sh/apps/klingai, atlascloud.ai, piapi.ai)',
  checked: '2026-11-26',
  unverified: true,
} as const;

const MS_PER_S = 1_000;
/** A unit of video packs: $700 for 5,000. Of image packs: what the cheapest image costs. */
const VIDEO_UNIT: UnitPrice = { price: '0.14', per: 1_000 };
const IMAGE_UNIT: UnitPrice = { price: '0.0035', per: 1_000 };
/** The dearest second that is quoted anywhere, for what is quoted nowhere. */
const DEAREST_S = '0.28';

interface Listed {
  readonly id: string;
  readonly kind: ModelKind;
  readonly wireName?: string;
}

function model({ id, kind, wireName = id }: Listed, rows: readonly PriceRow[]): Model {
  const offers = [{ vendor: 'kling', wireName, prices: [{ ...LIST, rows }] }];
  return { id, maker: 'kuaishou', kind, ...SIZES, offers };
}

type SecondRow = readonly [when: Readonly<Record<string, string>>, price: string];

/** By the second. The last row is the dearest, for what is not listed, and that of its units. */
function video(id: string, rows: readonly SecondRow[] = [], dearest = DEAREST_S): Model {
  const lines: PriceRow[] = rows.map(([when, price]) => ({
    when,
    units: { video_ms: { price, per: MS_PER_S } },
  }));
  const last = { video_ms: { price: dearest, per: MS_PER_S }, credit_milli: VIDEO_UNIT };
  return model({ id, kind: 'video' }, [...lines, { units: last }]);
}

/** By the image, made of nothing, of one image or of several. */
function image(wireName: string, prices: readonly [string, string, string]): Model {
  const id = wireName.replace('kling-', 'kling-image-');
  const [plain, one, several] = prices;
  const rows: readonly PriceRow[] = [
    { when: { image: 'none' }, units: { image: { price: plain } } },
    { when: { image: 'one' }, units: { image: { price: one } } },
    { units: { image: { price: several }, credit_milli: IMAGE_UNIT } },
  ];
  return model({ id, kind: 'image', wireName }, rows);
}

const QUIET = { sound: 'off' } as const;

export default [
  video('kling-v1'),
  video('kling-v1-5'),
  video('kling-v1-6'),
  video('kling-v2-master'),
  video('kling-v2-1'),
  video('kling-v2-1-master'),
  video('kling-v2-5-turbo', [[{ mode: 'std' }, '0.042']], '0.07'),
  video('kling-v2-6', [[{ mode: 'std', ...QUIET }, '0.042']], '0.168'),
  video(
    'kling-v3',
    [
      [{ mode: 'std', ...QUIET }, '0.084'],
      [{ mode: 'pro', ...QUIET }, '0.112'],
    ],
    '0.168',
  ),
  video('kling-v3-omni'),
  video(
    'kling-video-o1',
    [
      [{ mode: 'std', video: 'no' }, '0.084'],
      [{ mode: 'pro', video: 'no' }, '0.112'],
    ],
    '0.168',
  ),
  video('kling-lip-sync', [], '0.02'),
  // 0.05 units each time (a copy of its price list).
  model({ id: 'kling-identify-face', kind: 'video' }, [
    { units: { run: { price: '0.007' }, credit_milli: VIDEO_UNIT } },
  ]),
  video('kling-effects', [], '0.06'),
  video('kling-avatar', [[{ mode: 'std' }, '0.056']], '0.112'),
  image('kling-v1', ['0.0035', '0.0035', '0.0035']),
  image('kling-v1-5', ['0.014', '0.028', '0.028']),
  image('kling-v2', ['0.014', '0.028', '0.056']),
  image('kling-v2-new', ['0.014', '0.028', '0.056']),
  image('kling-v2-1', ['0.014', '0.028', '0.056']),
  image('kling-v3', ['0.0035', '0.0035', '0.056']),
  model({ id: 'kling-image-expand', kind: 'image' }, [
    { units: { image: { price: '0.056' }, credit_milli: IMAGE_UNIT } },
  ]),
  model({ id: 'kolors-virtual-try-on-v1', kind: 'image' }, [
    { units: { image: { price: '0.007' } } },
  ]),
  model({ id: 'kolors-virtual-try-on-v1-5', kind: 'image' }, [
    { units: { image: { price: '0.007' } } },
  ]),
] satisfies readonly Model[];
