/** Settings for a gateway whose vendor is a sandbox that outlives it. */
import { VENDORS } from '../../sandbox/vendors.ts';

const KEY = VENDORS.find(({ id }) => id === 'openai-compatible')?.key ?? '';

export interface OwnModel {
  readonly id: string;
  /** Its name at the vendor; default: the same. */
  readonly wire?: string;
  /** A million tokens; without, no price is known. */
  readonly price?: readonly [input: string, output: string];
  readonly outputTokensMax?: number;
  readonly json?: 'schema' | 'object' | 'none';
  readonly tools?: boolean;
}

export interface OwnUpstream {
  readonly name: string;
  readonly url: string;
  readonly priority?: number;
  readonly models: readonly OwnModel[];
}

/** The upstreams of one OpenAI-compatible vendor; JSON is YAML. */
export function vendorsYaml(upstreams: readonly OwnUpstream[], rest = ''): string {
  const vendors = {
    'openai-compatible': upstreams.map(({ name, url, priority, models }) => ({
      name,
      base_url: url.endsWith('/v1') ? url : `${url}/openai-compatible/v1`,
      key: KEY,
      priority: priority ?? 0,
      models: models.map(({ id, wire, price, outputTokensMax, ...able }) => ({
        id,
        ...able,
        wire_name: wire ?? id,
        ...(outputTokensMax === undefined ? {} : { output_tokens_max: outputTokensMax }),
        ...(price === undefined ? {} : { price: { input: price[0], output: price[1] } }),
      })),
    })),
  };
  return `vendors: ${JSON.stringify(vendors)}\n${rest}`;
}
