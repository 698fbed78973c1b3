/** Endpoints: made, shown, listed, changed, started, stopped, taken away. */
import { z } from 'zod';
import { Fault } from '../kit/fault.ts';
import { newLetters } from '../kit/ids.ts';
import type { EndpointRow, EndpointState, Endpoints } from '../storage/ports.ts';
import { joinModel, splitModel } from './control-models.ts';
import {
  action,
  type ControlDeps,
  names,
  pageOf,
  paging,
  shortText,
  timeText,
} from './control-shape.ts';

/** So that a list can be filtered as a whole. */
const ENDPOINTS_OF_ACCOUNT_MAX = 1_000;
const RANDOM_CHARS = 5;
/** Ids are made by the second; with this many chances one is free. */
const ID_TRIES_MAX = 5;
const DESCRIPTION_CHARS_MAX = 1_000;
const TAGS_MAX = 50;
const DEFAULT_PROJECT = 'default';

const limit = z.coerce.number().int().min(0).max(1_000_000_000);
const rateLimit = z.strictObject({ Rpm: limit.optional(), Tpm: limit.optional() });
const tags = z
  .array(z.strictObject({ Key: shortText, Value: z.string().max(200).default('') }))
  .max(TAGS_MAX)
  .refine((list) => new Set(list.map(({ Key }) => Key)).size === list.length, 'has a key twice');
const description = z.string().max(DESCRIPTION_CHARS_MAX);
const isDryRun = z.union([z.boolean(), z.enum(['true', 'false'])]).default(false);
const byId = z.strictObject({ Id: shortText });

const createSchema = z.strictObject({
  Name: shortText,
  Description: description.default(''),
  ModelReference: z.strictObject({
    FoundationModel: z.strictObject({
      Name: shortText,
      ModelVersion: z.string().max(100).optional(),
    }),
  }),
  RateLimit: rateLimit.default({}),
  Tags: tags.default([]),
  ProjectName: shortText.default(DEFAULT_PROJECT),
  /** Ours: `strict` is the contract of the tutorial's path. */
  Contract: z.enum(['strict']).optional(),
  DryRun: isDryRun,
});

export const createEndpoint = action({
  schema: createSchema,
  writes: true,
  async run(input, accountId, deps) {
    const { Name, ModelVersion } = input.ModelReference.FoundationModel;
    const model = joinModel(deps.routes, Name, ModelVersion ?? null);
    const known = await listAll(deps.endpoints, accountId);
    if (known.length >= ENDPOINTS_OF_ACCOUNT_MAX) throw new Fault('endpoint_limit_exceeded');
    if (isTrue(input.DryRun)) return { Id: '' };
    const nowMs = deps.clock.nowMs();
    const row: Omit<EndpointRow, 'id'> = {
      accountId,
      name: input.Name,
      description: input.Description,
      model,
      state: 'Running',
      requestsPerMinute: limitOf(input.RateLimit.Rpm),
      tokensPerMinute: limitOf(input.RateLimit.Tpm),
      contract: input.Contract ?? null,
      tags: Object.fromEntries(input.Tags.map(({ Key, Value }) => [Key, Value])),
      project: input.ProjectName,
      createdMs: nowMs,
      updatedMs: nowMs,
    };
    for (let tries = 0; tries < ID_TRIES_MAX; tries += 1) {
      const id = newEndpointId(nowMs);
      if (await deps.endpoints.insert({ id, ...row })) return { Id: id };
    }
    throw new Fault('overloaded', { retryAfterS: 1 });
  },
});

function newEndpointId(nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(/\D/g, '').slice(0, 14);
  return `ep-${stamp}-${newLetters(RANDOM_CHARS)}`;
}

/** 0 is how the vendor's console says that there is none. */
function limitOf(given: number | undefined): number | null {
  return given === undefined || given === 0 ? null : given;
}

function isTrue(given: boolean | 'true' | 'false'): boolean {
  return given === true || given === 'true';
}

async function listAll(endpoints: Endpoints, accountId: string) {
  return endpoints.list({ limit: ENDPOINTS_OF_ACCOUNT_MAX, accountId });
}

/** An endpoint of this account; another's is not there. Fault: `resource_not_found`. */
export async function findEndpoint(
  id: string,
  accountId: string,
  { endpoints }: Pick<ControlDeps, 'endpoints'>,
): Promise<EndpointRow> {
  const row = await endpoints.byId(id);
  if (row?.accountId === accountId) return row;
  throw new Fault('resource_not_found', {
    message: `There is no endpoint ${id} in this account.`,
    param: 'Endpoint',
  });
}

export const getEndpoint = action({
  schema: byId,
  writes: false,
  run: async ({ Id }, accountId, deps) => show(await findEndpoint(Id, accountId, deps)),
});

function show(row: EndpointRow): object {
  const { name, version } = splitModel(row.model);
  return {
    Id: row.id,
    Name: row.name,
    Description: row.description,
    ProjectName: row.project,
    Tags: Object.entries(row.tags).map(([Key, Value]) => ({ Key, Value })),
    ModelReference: { FoundationModel: { Name: name, ModelVersion: version } },
    EndpointModelType: 'FoundationModel',
    RateLimit: { Rpm: row.requestsPerMinute ?? 0, Tpm: row.tokensPerMinute ?? 0 },
    Contract: row.contract,
    Status: row.state,
    StatusReason: '',
    CreateTime: timeText(row.createdMs),
    UpdateTime: timeText(row.updatedMs),
  };
}

const filterSchema = z.strictObject({
  Ids: names.optional(),
  Name: shortText.optional(),
  Statuses: names.optional(),
  FoundationModelName: shortText.optional(),
  ModelVersions: names.optional(),
});

const listSchema = z.strictObject({
  ...paging,
  ProjectName: shortText.optional(),
  Filter: filterSchema.default({}),
  TagFilters: z
    .array(z.strictObject({ Key: shortText, Values: names.optional() }))
    .max(TAGS_MAX)
    .default([]),
  SortBy: z.enum(['CreateTime']).default('CreateTime'),
  SortOrder: z.enum(['Asc', 'Desc']).default('Desc'),
});

export const listEndpoints = action({
  schema: listSchema,
  writes: false,
  async run(input, accountId, deps) {
    const all = await listAll(deps.endpoints, accountId);
    const rows = all.filter((row) => fits(row, input));
    // Ids begin with the time, and what they end with keeps the order of one second.
    if (input.SortOrder === 'Desc') rows.reverse();
    return pageOf(rows, input, show);
  },
});

function fits(row: EndpointRow, wish: z.output<typeof listSchema>): boolean {
  const { Filter } = wish;
  const { name, version } = splitModel(row.model);
  const tagged = wish.TagFilters.every(({ Key, Values }) => {
    const value = row.tags[Key];
    return value !== undefined && (Values === undefined || Values.includes(value));
  });
  return (
    tagged &&
    (wish.ProjectName ?? row.project) === row.project &&
    (Filter.Ids ?? [row.id]).includes(row.id) &&
    row.name.includes(Filter.Name ?? '') &&
    (Filter.Statuses ?? [row.state]).includes(row.state) &&
    (Filter.FoundationModelName ?? name) === name &&
    (Filter.ModelVersions ?? [version]).includes(version)
  );
}

export const updateEndpoint = action({
  schema: z.strictObject({
    Id: shortText,
    Name: shortText.optional(),
    Description: description.optional(),
    RateLimit: rateLimit.optional(),
    Tags: tags.optional(),
    Contract: z.enum(['strict']).nullable().optional(),
    DryRun: isDryRun,
  }),
  writes: true,
  async run(input, accountId, deps) {
    const { id } = await findEndpoint(input.Id, accountId, deps);
    const { Rpm, Tpm } = input.RateLimit ?? {};
    if (isTrue(input.DryRun)) return {};
    await deps.endpoints.update(id, {
      ...(input.Name === undefined ? {} : { name: input.Name }),
      ...(input.Description === undefined ? {} : { description: input.Description }),
      ...(Rpm === undefined ? {} : { requestsPerMinute: limitOf(Rpm) }),
      ...(Tpm === undefined ? {} : { tokensPerMinute: limitOf(Tpm) }),
      ...(input.Contract === undefined ? {} : { contract: input.Contract }),
      ...(input.Tags === undefined
        ? {}
        : { tags: Object.fromEntries(input.Tags.map(({ Key, Value }) => [Key, Value])) }),
      updatedMs: deps.clock.nowMs(),
    });
    return {};
  },
});

function turn(state: EndpointState) {
  return action({
    schema: byId,
    writes: true,
    async run({ Id }, accountId, deps) {
      const { id } = await findEndpoint(Id, accountId, deps);
      await deps.endpoints.update(id, { state, updatedMs: deps.clock.nowMs() });
      return {};
    },
  });
}

export const startEndpoint = turn('Running');
export const stopEndpoint = turn('Stopped');

export const deleteEndpoint = action({
  schema: byId,
  writes: true,
  async run({ Id }, accountId, deps) {
    const { id } = await findEndpoint(Id, accountId, deps);
    if (!(await deps.endpoints.removeStopped(id))) {
      throw new Fault('endpoint_running', {
        message: `The endpoint ${id} runs. Stop it before it is deleted.`,
      });
    }
    return {};
  },
});
