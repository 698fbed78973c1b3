/** What callers write to /v1/tasks, checked. */
import { z } from 'zod';
import { Fault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';

const TEXT_CHARS_MAX = 32_000;
const MEDIA_MAX = 32;
const URL_CHARS_MAX = 32 * 1024 * 1024;
const METADATA_MAX = 16;
const METADATA_CHARS_MAX = 512;
const EVENTS = ['queued', 'running', 'progress', 'succeeded', 'failed', 'canceled'] as const;
const LIFE_S_MAX = 30 * 86_400;
const URL = /^(https?:\/\/|data:|gw-file:\/\/|gw-task:\/\/)/;

const media = z.strictObject({
  type: z.enum(['image', 'video', 'audio']),
  role: z
    .string()
    .regex(/^[a-z_]{1,40}$/)
    .default('reference'),
  url: z
    .string()
    .max(URL_CHARS_MAX)
    .regex(URL, 'must be an https or data URL, or a file of yours: gw-file://…, gw-task://…'),
});

const params = z.strictObject({
  duration: z.number().positive().max(3_600).optional(),
  aspect_ratio: z.string().max(20).optional(),
  resolution: z.string().max(20).optional(),
  size: z.string().max(20).optional(),
  fps: z.number().int().positive().max(240).optional(),
  seed: z.number().int().optional(),
  audio: z.boolean().optional(),
  mode: z.string().max(40).optional(),
  loop: z.boolean().optional(),
  watermark: z.boolean().optional(),
  n: z.number().int().positive().max(16).optional(),
  quality: z.string().max(20).optional(),
  background: z.string().max(20).optional(),
  output_format: z.enum(['png', 'jpeg', 'webp']).optional(),
  output_compression: z.number().int().min(0).max(100).optional(),
  input_fidelity: z.string().max(20).optional(),
  moderation: z.string().max(20).optional(),
  complexity: z.string().max(20).optional(),
  user: z.string().min(1).max(512).optional(),
});

const text = z.string().min(1).max(TEXT_CHARS_MAX);

const create = z.strictObject({
  model: z.string().min(1).max(256).optional(),
  kind: z
    .string()
    .regex(/^[a-z0-9_]{1,40}$/)
    .optional(),
  input: z
    .strictObject({
      prompt: text.optional(),
      negative_prompt: text.optional(),
      media: z.array(media).max(MEDIA_MAX).default([]),
      source_task: z
        .string()
        .regex(/^[\x21-\x7e]{1,100}$/, 'must be the id of a task')
        .optional(),
    })
    .default({ media: [] }),
  params: params.default({}),
  strict: z.boolean().default(true),
  expires_in: z.number().int().positive().max(LIFE_S_MAX).optional(),
  provider_options: z.record(z.string(), z.json()).default({}),
  webhook: z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }).max(2_000),
      events: z.array(z.enum(EVENTS.map((name) => `task.${name}`))).default([]),
    })
    .optional(),
  metadata: z
    .record(z.string().max(METADATA_CHARS_MAX), z.string().max(METADATA_CHARS_MAX))
    .refine((map) => Object.keys(map).length <= METADATA_MAX, `has more than ${METADATA_MAX} keys`)
    .optional(),
});

export type CreateBody = z.output<typeof create>;

export function readCreate(body: JsonObject): CreateBody {
  const parsed = create.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const param = issue?.path.map(String).join('.') || 'body';
    throw new Fault('invalid_request', { message: `${param}: ${issue?.message ?? ''}`, param });
  }
  return parsed.data;
}
