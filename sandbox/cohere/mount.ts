/** Cohere: chat, embeddings, rerank of both versions, models. */
import { restMount } from '../chat.ts';
import { type ErrorStyle, errorTable } from '../errors.ts';
import { COHERE_V1_RERANK, COHERE_V2_RERANK, rerankService } from '../rag/rerank.ts';
import { refuse, sendJson, type Visit } from '../service.ts';
import { type FakeVendor, VENDORS } from '../vendors.ts';
import { cohereChat } from './chat.ts';
import { cohereEmbed } from './embed.ts';

const ERRORS: ErrorStyle = {
  table: errorTable({
    'no-key': [401, null, '', 'no api key supplied'],
    'bad-key': [401, null, '', 'invalid api token'],
    account: [402, null, '', 'Please add or update your payment method to continue'],
    missing: [400, null, '', 'invalid request: {param} is required'],
    invalid: [400, null, '', 'invalid request: {detail}'],
    unsupported: [422, null, '', "unknown field: parameter '{param}' is not a valid field"],
    json: [400, null, '', 'invalid json syntax'],
    media: [400, null, '', 'invalid request: content-type must be application/json'],
    'too-large': [413, null, '', 'request body too large'],
    model: [404, null, '', "model '{model}' not found, make sure the correct model ID was used"],
    route: [404, null, '', 'Not Found'],
    method: [405, null, '', 'Method Not Allowed'],
    rate: [429, null, '', 'You are past the per minute request limit, please wait and try again.'],
    server: [500, null, '', 'internal server error'],
    overloaded: [503, null, '', 'The service is temporarily unavailable'],
  }),
  body: ({ message, requestId }) => ({ id: requestId, message }),
};

const PLAIN = VENDORS.find(({ id }) => id === 'openai-compatible')!;

const COHERE_VENDOR: FakeVendor = {
  ...PLAIN,
  id: 'cohere',
  name: 'Cohere',
  path: '/cohere',
  key: 'sandbox-cohere-key',
  models: [
    ...['command-a-plus-05-2026', 'command-a-03-2025', 'command-a-reasoning-08-2025'],
    ...['command-a-vision-07-2025', 'command-r7b-12-2024'],
    ...['embed-v4.0', 'rerank-v3.5', 'rerank-v4.0-pro'],
  ],
  errors: ERRORS,
  accepts: { ...PLAIN.accepts, roles: ['system', 'user', 'assistant', 'tool'], toolOrder: true },
  docs: 'https://docs.cohere.com/reference/chat',
};

const V1_MODELS = '/v1/models';

/** Its list of models is not OpenAI's. */
async function models(visit: Visit): Promise<boolean> {
  const { place, request, wire } = visit;
  if (place !== V1_MODELS || request.method !== 'GET') return false;
  const service = cohereChat(COHERE_VENDOR);
  const refused = service.refused(request);
  if (refused !== null) await refuse(visit, service, { kind: refused });
  else {
    const list = COHERE_VENDOR.models.map((name) => ({ name, endpoints: endpointsOf(name) }));
    await sendJson(wire, 200, { models: list, next_page_token: null });
  }
  return true;
}

function endpointsOf(name: string): string[] {
  if (name.startsWith('embed')) return ['embed'];
  return name.startsWith('rerank') ? ['rerank'] : ['chat'];
}

export const COHERE = restMount(
  COHERE_VENDOR,
  {
    '/v2/chat': cohereChat(COHERE_VENDOR),
    '/v2/embed': cohereEmbed(COHERE_VENDOR),
    '/v1/rerank': rerankService(COHERE_VENDOR, COHERE_V1_RERANK),
    '/v2/rerank': rerankService(COHERE_VENDOR, COHERE_V2_RERANK),
  },
  models,
);
