/** Fields of a vendor's own that come with a job: none that change its bill or its way unpriced. */
import { Fault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';
import type { LongService } from '../vendors/long.ts';

/** They say who does it and who is told: for no vendor are they the caller's to slip in. */
const ROUTING: readonly string[] = [
  ...['model', 'model_name', 'model_id', 'version', 'req_key', 'generation_type'],
  ...['callback', 'callback_url', 'webhook', 'webhook_url', 'webhook_secret'],
  ...['webhook_events_filter', 'notifyHook', 'notify_hook', 'external_task_id'],
];

/** They change what it costs; allowed where the vendor's own bound reads them. */
const BILLING: readonly string[] = [
  ...['n', 'count', 'num_outputs', 'num_images', 'number_of_images', 'batch_size', 'batchSize'],
  ...['duration', 'seconds', 'length', 'frames', 'num_frames', 'video_length', 'fps'],
  ...['resolution', 'output_resolution', 'size', 'width', 'height', 'megapixels'],
  ...['quality', 'mode', 'videoType', 'service_tier', 'audio', 'sound', 'generate_audio'],
  'accountFilter',
];

/** Fault: `unsupported_parameter`, which names the field. */
export function checkOptions(options: JsonObject, service: LongService): void {
  for (const name of Object.keys(options)) {
    const isPriced = service.pricedOptions?.includes(name) === true;
    const isBill = BILLING.includes(name) && !isPriced;
    if (!isBill && !ROUTING.includes(name)) continue;
    throw new Fault('unsupported_parameter', {
      message: isBill
        ? `provider_options.${name} changes the bill: say it in params, where it is priced.`
        : `provider_options.${name}: the gateway itself says who does a job and who is told.`,
      param: `provider_options.${name}`,
    });
  }
}
