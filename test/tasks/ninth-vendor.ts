/** A vendor nobody has heard of, with words and manners of its own. One file, as any vendor. */
import { isObject } from '../../src/kit/json.ts';
import type { Reading } from '../../src/vendors/long.ts';
import type { Vendor } from '../../src/vendors/shape.ts';

const WORDS: Readonly<Record<string, Reading['state']>> = {
  'in the pot': 'queued',
  simmering: 'running',
  served: 'succeeded',
  burnt: 'failed',
  'sent back': 'canceled',
};

export const ninth = Object.freeze({
  id: 'ninth',
  name: 'The Ninth Kitchen',
  baseUrl: 'https://kitchen.test/api',
  keyEnv: ['NINTH_API_KEY'],
  auth: { header: 'x-chef', prefix: '' },
  services: {},
  long: [
    {
      id: 'dishes',
      models: ['video'],
      kinds: ['text_to_video'],
      start: (job) => ({
        method: 'PUT',
        path: '/orders',
        body: { dish: job.wireName, wish: job.prompt, note: job.ownId },
      }),
      // Its refusals come under status 200.
      started({ body }) {
        if (!isObject(body)) return null;
        if (body.no === true) {
          const message = 'Not on the menu.';
          return { refused: { code: 'menu', message, cause: 'caller' } };
        }
        if (typeof body.ticket !== 'number') return null;
        return { accepted: { id: String(body.ticket), kept: { table: body.table ?? null } } };
      },
      neverBegan: ['stove'],
      status: ({ id, kept }) => {
        return {
          method: 'POST',
          path: '/ask',
          body: { ticket: Number(id), table: kept.table ?? '' },
        };
      },
      read({ body }) {
        if (!isObject(body)) return null;
        const state = WORDS[String(body.how)] ?? 'running';
        const cause = body.blame === 'guest' ? 'caller' : 'down';
        const charged = body.billed === true ? { charged: true } : {};
        const error = { code: 'burnt', message: 'It is burnt.', cause, ...charged } as const;
        return {
          state,
          ...(typeof body.percent === 'number' ? { progress: body.percent } : {}),
          outputs: typeof body.plate === 'string' ? [output(body.plate)] : [],
          ...(state === 'failed' ? { error } : {}),
          ...(typeof body.grams === 'number' ? { used: { units: { gram: body.grams } } } : {}),
        };
      },
      cancel: {
        while: ['queued'],
        ask: ({ id }) => ({ method: 'DELETE', path: `/orders/${id}`, body: null }),
      },
      find: {
        ask: (_, page) => ({ method: 'GET', path: `/orders?page=${page}`, body: null }),
        read({ body }, job) {
          if (!isObject(body) || !Array.isArray(body.orders)) return null;
          const jobs = body.orders.flatMap((one) => {
            if (!isObject(one)) return [];
            const task = { id: String(one.ticket), kept: { table: one.table ?? null } };
            const ours = body.notes === true && one.note === job.ownId;
            return { task, createdMs: Number(one.at), ours };
          });
          return { jobs, more: body.more === true };
        },
      },
      pace: { firstMs: 2_000, growth: 1.5, maxMs: 20_000, gapMs: 0 },
      atOnce: { requests: 4, jobs: 3 },
      bound: () => ({ units: { gram: 500 } }),
      linkLifeS: 60,
    },
  ],
  docs: 'https://kitchen.test/docs',
  checked: '2026-11-26',
} satisfies Vendor);

function output(url: string) {
  return { type: 'video', role: 'main', url } as const;
}
