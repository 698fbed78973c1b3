/** How many tokens pictures of GPT Image models cost. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';
import type { Amounts } from '../long.ts';

/**
 * unverified: the most output tokens of a picture of 1024 x 1024. Published for low to high
 * (gpt-image-1: 272 to 4,160; gpt-image-2: 7,024 at high); guessed beyond.
 */
const TOKENS: Readonly<Record<string, number>> = Object.freeze({
  low: 500,
  medium: 2_000,
  high: 7_100,
  xhigh: 14_200,
  max: 28_400,
});
const TOKENS_UNSAID = 7_100;
const PIXELS = 1_024 * 1_024;
/** The largest of the sizes that a model chooses from by itself. */
const SIZE_UNSAID = '1536x1024';
/** unverified: a picture that goes in, at high fidelity. */
const INPUT_IMAGE_TOKENS = 7_500;

const count = (value: Json | undefined): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

/** What the vendor counted: null where it does not say. */
export function usedOf({ usage }: JsonObject): Amounts | null {
  if (!isObject(usage)) return null;
  const [inputTokens, outputTokens] = [count(usage.input_tokens), count(usage.output_tokens)];
  if (inputTokens === null || outputTokens === null) return null;
  const detail = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
  const image_token = count(detail(usage.input_tokens_details).image_tokens) ?? 0;
  // Where it is not told apart, all that comes out is picture, the dearer of the two.
  const made = count(detail(usage.output_tokens_details).image_tokens) ?? outputTokens;
  return { inputTokens, outputTokens, units: { image_token, image_output_token: made } };
}

/** The most that it can cost, by what is asked for. */
export function atMost(job: Job, body: JsonObject): Amounts {
  const [width = 0, height = 0] = String(body.size ?? SIZE_UNSAID)
    .split('x')
    .map(Number);
  const area = width * height > 0 ? width * height : PIXELS * 8;
  const each = TOKENS[String(body.quality)] ?? TOKENS_UNSAID;
  // Four times the area costs about twice as much: 12,329 tokens for 3584 x 2048 at high.
  const outputTokens = Math.ceil(each * Math.sqrt(Math.max(1, area / PIXELS)));
  const made = outputTokens * (job.params.count ?? 1);
  const image_token = job.media.length * INPUT_IMAGE_TOKENS;
  return {
    inputTokens: Buffer.byteLength(job.prompt ?? '') + image_token,
    outputTokens: made,
    units: { image_token, image_output_token: made },
  };
}
