/** The vendors of the storm: what is asked of each, and where the sandbox plays it. */
import { VENDORS } from '../../src/vendors/index.ts';

export interface StormVendor {
  readonly id: string;
  readonly basePath: string;
  readonly key: string;
  readonly model: string;
  readonly params: Readonly<Record<string, string | number>>;
  /** It can be asked which jobs it has, so a job whose creation was not answered is found. */
  readonly finds: boolean;
  /** Models of the operator's own, where the catalogue has no price. */
  readonly models?: readonly unknown[];
}

export const STORM_VENDORS: readonly StormVendor[] = [
  {
    ...{ id: 'ark', basePath: '/ark/api/v3', key: 'sandbox-ark-key', finds: true },
    ...{ model: 'doubao-seedance-1-0-pro', params: { resolution: '480p', duration: 5 } },
  },
  {
    ...{ id: 'luma', basePath: '/luma/dream-machine/v1', key: 'sandbox-luma-key', finds: true },
    ...{ model: 'ray-2', params: { resolution: '540p', duration: 5 } },
  },
  {
    ...{ id: 'kling', basePath: '/klingai', finds: true },
    key: 'sandbox-kling-access:sandbox-kling-secret',
    ...{ model: 'kling-v2-6', params: { duration: 5, mode: 'std' } },
  },
  {
    ...{ id: 'replicate', basePath: '/replicate/v1', key: 'sandbox-replicate-key', finds: true },
    ...{ model: 'black-forest-labs/flux-schnell', params: {} },
  },
  {
    ...{ id: 'midjourney', basePath: '/midjourney', key: 'sandbox-mj-secret', finds: true },
    ...{ model: 'drawings-of-ours', params: {} },
    models: [
      {
        ...{ id: 'drawings-of-ours', wire_name: 'midjourney', kind: 'image' },
        price: { units: { task: '0.2' } },
      },
    ],
  },
  {
    ...{ id: 'runway', basePath: '/runwayml', key: 'sandbox-runway-key', finds: false },
    ...{ model: 'runway-gen4.5', params: { duration: 5, aspect_ratio: '16:9' } },
  },
  {
    ...{ id: 'bfl', basePath: '/bfl/v1', key: 'sandbox-bfl-key', finds: false },
    ...{ model: 'flux-pro-1.1', params: {} },
  },
  {
    ...{ id: 'volc-visual', basePath: '/volc-visual', finds: false },
    key: 'AKLTsandboxVisual:sandbox-visual-secret',
    ...{ model: 'jimeng-video-3.0', params: { duration: 5 } },
  },
];

/** How long the vendor's pace lets a job go unasked that has run for `ageMs`. */
export function paceAt(id: string, ageMs: number, pacePercent: number): number {
  const intervals = (VENDORS[id]?.long ?? []).map(({ pace: { firstMs, growth, maxMs } }) => {
    let interval = firstMs;
    for (let at = (firstMs * pacePercent) / 100; at < ageMs; at += (interval * pacePercent) / 100) {
      interval = Math.min(maxMs, interval * growth);
    }
    return (interval * pacePercent) / 100;
  });
  return Math.max(...intervals);
}
