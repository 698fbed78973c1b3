/** A receiver of webhooks, and what the routes of webhooks answer, checked for its shape. */
import { z } from 'zod';

export const hook = z.object({
  id: z.string(),
  object: z.literal('webhook'),
  url: z.string(),
  events: z.array(z.string()),
  profile: z.string(),
  state: z.enum(['active', 'disabled']),
  reason: z.string().nullable(),
  created_at: z.iso.datetime(),
  secret: z.string().optional(),
});
export const delivery = z.object({
  id: z.string(),
  webhook_id: z.string().nullable(),
  event_id: z.string(),
  type: z.string(),
  task_id: z.string().nullable(),
  state: z.enum(['pending', 'delivered', 'failed', 'dropped']),
  tries: z.number(),
  attempts: z.array(z.object({ status: z.number().nullable(), error: z.string().nullable() })),
  next_at: z.string().nullable(),
});
export const page = <T extends z.ZodType>(row: T) =>
  z.object({ data: z.array(row), has_more: z.boolean(), last_id: z.string().nullable() });
export const fault = z.object({
  code: z.string(),
  error: z.object({ param: z.string().nullable() }),
});

export interface Got {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export const got: Got[] = [];
/** What the receiver answers at a path; else 204. */
export const answers = new Map<string, () => Response>();
export const receiver = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    const { pathname: path } = new URL(request.url);
    got.push({ path, headers: Object.fromEntries(request.headers), body: await request.text() });
    return answers.get(path)?.() ?? new Response(null, { status: 204 });
  },
});
