/** Whatever a vendor answers about a job is read as something, or as nothing that can be read. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Json } from '../../src/kit/json.ts';
import { VENDORS } from '../../src/vendors/index.ts';
import type { Job, VendorTask } from '../../src/vendors/job.ts';
import type { LongService } from '../../src/vendors/long.ts';

const RUNS = 150;
const TASK: VendorTask = { id: 'job-1', kept: {} };
const JOB: Job = {
  ...{ kind: 'text_to_video', wireName: 'm', prompt: 'a', negativePrompt: null, media: [] },
  ...{ params: {}, options: {}, native: null, source: null, ownId: 'own', callbackUrl: null },
};

/** Words that vendors' answers are made of, with values that they never have. */
const KEYS = [
  ...['id', 'task_id', 'data', 'status', 'task_status', 'state', 'output', 'result', 'assets'],
  ...['error', 'code', 'message', 'task_result', 'videos', 'images', 'url', 'video', 'image'],
  ...['progress', 'usage', 'content', 'video_url', 'created_at', 'createdAt', 'results', 'metrics'],
  ...['generations', 'items', 'action', 'properties', 'buttons', 'sample', 'failure', 'detail'],
  ...['image_urls', 'binary_data_base64', 'polling_url', 'urls', 'logs', 'b64_json', 'resp_data'],
];
const WORDS = [
  ...['succeeded', 'SUCCEEDED', 'succeed', 'SUCCESS', 'completed', 'done', 'Ready', 'failed'],
  ...['FAILED', 'FAILURE', 'running', 'RUNNING', 'processing', 'queued', 'PENDING', 'canceled'],
  ...['in_queue', 'generating', 'not_found', 'expired', 'dreaming', 'starting', ''],
];

const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(...WORDS),
    fc.constantFrom<Json>(null, true, 0, -1, 1.5, 10_000, 'https://e.com/a.mp4', '12.5', '{}'),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('tree'), { maxKeys: 6 }),
  ),
}));

const body = fc.dictionary(fc.constantFrom(...KEYS), tree, { minKeys: 1, maxKeys: 8 });

const SERVICES: readonly (readonly [name: string, service: LongService])[] = Object.values(
  VENDORS,
).flatMap(({ id, long = [] }) => long.map((one) => [`${id}, ${one.id}`, one] as const));

describe.each(SERVICES)('%s', (_, service) => {
  const reads = (read: (answer: Json) => unknown): void => {
    fc.assert(
      fc.property(fc.oneof(body, tree), (answer) => {
        // As the wire has it: what JSON makes of a thing is always a plain one.
        read(JSON.parse(JSON.stringify(answer)) as Json);
      }),
      { numRuns: RUNS },
    );
  };

  test('an answer to a creation', () => {
    reads((answer) => service.started({ status: 200, body: answer }, JOB));
  });

  test('an answer to a question, good or bad', () => {
    reads((answer) => {
      const told = service.read?.({ status: 200, body: answer }, TASK) ?? null;
      service.readRefused?.({ status: 404, body: answer }, TASK);
      if (told === null) return;
      for (const { url } of told.outputs ?? []) expect(typeof url).toBe('string');
      if (told.progress !== undefined) expect(Number.isFinite(told.progress)).toBeTrue();
    });
  });

  test('a list, and a call of the vendor’s', () => {
    reads((answer) => {
      service.find?.read({ status: 200, body: answer }, JOB);
      const id = service.callback?.id(answer) ?? null;
      expect(id === null || typeof id === 'string').toBeTrue();
    });
  });
});
