/** API keys of an account: temporary ones for endpoints, and lasting ones. */
import { z } from 'zod';
import { mintKey } from '../access/keys.ts';
import { Fault } from '../kit/fault.ts';
import type { Routes } from '../relay/upstreams.ts';
import type { KeyRow } from '../storage/ports.ts';
import { findEndpoint } from './control-endpoints.ts';
import { findModels } from './control-models.ts';
import { action, names, shortText, timeText } from './control-shape.ts';

const MS_PER_S = 1_000;
const DURATION_S_MAX = 2_592_000;
/** What the official clients ask for. */
const DURATION_S = 604_800;
const KEYS_PAGE_MAX = 100;
const KEYS_PAGE = 10;
const TEMPORARY_NAME = 'temporary';

export const getApiKey = action({
  schema: z.strictObject({
    DurationSeconds: z.coerce.number().int().min(0).max(DURATION_S_MAX).default(DURATION_S),
    ResourceType: z.enum(['endpoint', 'bot', 'presetendpoint'], {
      error: 'is endpoint, bot, or presetendpoint with ids of models; actions are not here',
    }),
    ResourceIds: names.refine((ids) => ids.length > 0, 'must name at least one'),
    /** Only read by the vendor for preset endpoints; there is one project here. */
    ProjectName: shortText.optional(),
  }),
  writes: true,
  async run(input, accountId, deps) {
    const models =
      input.ResourceType === 'endpoint'
        ? input.ResourceIds
        : findModels(deps.routes, input.ResourceIds, 'ResourceIds');
    if (input.ResourceType === 'endpoint') {
      for (const id of models) await findEndpoint(id, accountId, deps);
    }
    const strange = models.find((id) => isStrange(id, input.ResourceType, deps.routes));
    if (strange !== undefined) {
      const message = `${strange} is not a bot.`;
      throw new Fault('wrong_parameter', { message, param: 'ResourceIds' });
    }
    const nowMs = deps.clock.nowMs();
    const endS = Math.floor(nowMs / MS_PER_S) + input.DurationSeconds;
    const wish = { accountId, name: TEMPORARY_NAME, role: 'caller', models } as const;
    const { row, secret } = mintKey({ ...wish, expiresMs: endS * MS_PER_S }, nowMs);
    await deps.keys.insert([row]);
    return { ApiKey: secret, ExpiredTime: endS };
  },
});

function isStrange(id: string, type: string, routes: Routes): boolean {
  return type === 'bot' && routes.find(id).model.kind !== 'bot';
}

export const listApiKeys = action({
  schema: z.strictObject({
    PageSize: z.coerce.number().int().min(1).max(KEYS_PAGE_MAX).default(KEYS_PAGE),
    /** Id after which the page begins. */
    After: shortText.optional(),
  }),
  writes: false,
  async run({ PageSize, After }, accountId, deps) {
    const after = After === undefined ? {} : { after: After };
    const rows = await deps.keys.list({ limit: PageSize, accountId, ...after });
    const last = rows.length === PageSize ? rows.at(-1)?.id : undefined;
    return { PageSize, Items: rows.map(show), Next: last ?? '' };
  },
});

function show(row: KeyRow): object {
  return {
    Id: row.id,
    Name: row.name,
    Key: `****${row.hint}`,
    Status: row.state === 'active' ? 'Active' : 'Disabled',
    Resources: row.models ?? [],
    CreateTime: timeText(row.createdMs),
    ExpireTime: row.expiresMs === null ? '' : timeText(row.expiresMs),
  };
}

const count = z.coerce.number().int().min(1).max(1_000_000_000);

export const createApiKey = action({
  schema: z.strictObject({
    Name: shortText,
    /** Endpoints and models that it may use; absent: all of the account's. */
    EndpointIds: names.default([]),
    Models: names.default([]),
    DurationSeconds: count.optional(),
    RateLimit: z.strictObject({ Rpm: count.optional(), Tpm: count.optional() }).default({}),
  }),
  writes: true,
  async run(input, accountId, deps) {
    const models = findModels(deps.routes, input.Models, 'Models');
    for (const id of input.EndpointIds) await findEndpoint(id, accountId, deps);
    const allowed = [...input.EndpointIds, ...models];
    const nowMs = deps.clock.nowMs();
    const { DurationSeconds: durationS } = input;
    const wish = {
      accountId,
      name: input.Name,
      role: 'caller',
      models: allowed.length === 0 ? null : allowed,
      expiresMs: durationS === undefined ? null : nowMs + durationS * MS_PER_S,
      requestsPerMinute: input.RateLimit.Rpm ?? null,
      tokensPerMinute: input.RateLimit.Tpm ?? null,
    } as const;
    const { row, secret } = mintKey(wish, nowMs);
    await deps.keys.insert([row]);
    return { Id: row.id, ApiKey: secret };
  },
});

/** Ends a key for good; its row stays, for the books name it. */
export const deleteApiKey = action({
  schema: z.strictObject({ Id: shortText }),
  writes: true,
  async run({ Id }, accountId, deps) {
    const row = await deps.keys.byId(Id);
    // An operator's key is not an account's to end.
    if (row?.accountId !== accountId || row.role !== 'caller') {
      throw new Fault('resource_not_found', {
        message: `There is no API key with the id ${Id} in this account.`,
        param: 'ApiKey',
      });
    }
    await deps.keys.setState(Id, 'disabled');
    return {};
  },
});
