/** What callers may add of a vendor's own: at none anything that the hold does not bound. */
import { describe, expect, test } from 'bun:test';
import { checkOptions } from '../../src/tasks/options.ts';
import { VENDORS } from '../../src/vendors/index.ts';
import type { Job } from '../../src/vendors/job.ts';

const SERVICES = Object.values(VENDORS).flatMap(({ id, long = [] }) =>
  long.map((service) => [id, service] as const),
);
const ROUTING = ['model', 'model_name', 'req_key', 'callback_url', 'webhook', 'notifyHook'];
const BILLING = ['n', 'num_outputs', 'duration', 'seconds', 'frames', 'resolution', 'size'].concat([
  ...['width', 'height', 'mode', 'service_tier', 'sound', 'audio', 'accountFilter', 'quality'],
]);
/** What would be dearer, by field. */
const DEARER: Readonly<Record<string, unknown>> = {
  service_tier: 'flex',
  mode: 'pro',
  sound: 'on',
};

function jobOf(kind: string, wireName: string, options: Job['options']): Job {
  return {
    ...{ kind, wireName, prompt: 'x', negativePrompt: null, media: [], params: {}, options },
    ...{ native: null, source: null, ownId: 'x', callbackUrl: null },
  };
}

describe.each(SERVICES)('%s', (id, service) => {
  test.each(ROUTING)('%s says who does it or who is told, and is refused', (name) => {
    expect(() => checkOptions({ [name]: 'x' }, service)).toThrow(
      expect.objectContaining({ code: 'unsupported_parameter' }),
    );
  });

  test.each(BILLING)('%s is refused, or the bound reads it, or no price here knows it', (name) => {
    const isFree = service.pricedOptions?.includes(name) === true;
    const check = () => checkOptions({ [name]: 8 }, service);
    if (!isFree) return expect(check).toThrow(expect.objectContaining({ status: 400 }));
    expect(check).not.toThrow();
    const wireName = id === 'replicate' ? 'black-forest-labs/flux-schnell' : 'x';
    const kind = service.kinds.find((one) => one === 'text_to_video') ?? service.kinds[0] ?? '';
    const plain = service.bound(jobOf(kind, wireName, {}));
    const more = service.bound(jobOf(kind, wireName, { [name]: DEARER[name] ?? 481 } as never));
    // Where the bound does not change, everything is counted in what the field does not change.
    const counted = Object.keys({ ...plain.units });
    const isPiece = counted.every((unit) => ['image', 'video', 'run'].includes(unit));
    const isSame = JSON.stringify(more) === JSON.stringify(plain);
    expect([name, !isSame || (counted.length > 0 && isPiece)]).toEqual([name, true]);
  });

  test('all else goes through', () => {
    expect(() => checkOptions({ cfg_scale: 0.5, guidance: 3 }, service)).not.toThrow();
  });
});
