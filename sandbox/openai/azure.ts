/**
 * Azure OpenAI: deployments with an `api-version`, and the newer `/openai/v1` without.
 * https://learn.microsoft.com/azure/ai-foundry/openai/reference (read 2026-11)
 */
import type { JsonObject } from '../../src/kit/json.ts';
import { chatService } from '../chat.ts';
import { type ErrorStyle, errorTable } from '../errors.ts';
import { FAULTS } from '../faults.ts';
import { embeddingService } from '../rag/embeddings.ts';
import { OPENAI_EMBED } from '../rag/styles.ts';
import {
  bearerOf,
  judgeKey,
  type Mount,
  refuse,
  type Service,
  sendJson,
  serveCall,
  type Visit,
} from '../service.ts';
import { dataFrame, type Speech } from '../speech.ts';
import { type FakeVendor, VENDORS } from '../vendors.ts';
import type { WireRequest } from '../wire.ts';
import { responsesServices, serveStored } from './responses.ts';

const ID = 'azure';
const PATH = '/azure';
const KEY = 'sandbox-azure-key';
const MODELS = ['gpt-4.1', 'gpt-5.2', 'text-embedding-3-large'];
const VERSION = /^\d{4}-\d{2}-\d{2}(-preview)?$/;
const DENIED =
  'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a ' +
  'valid key for an active subscription and use a correct regional API endpoint for your resource.';
const NOT_FOUND = 'Resource not found';

const ERRORS: ErrorStyle = {
  table: errorTable({
    'no-key': [401, '401', '', DENIED],
    'bad-key': [401, '401', '', DENIED],
    account: [403, '403', '', 'The subscription is disabled. Please contact your administrator.'],
    model: [
      404,
      'DeploymentNotFound',
      '',
      'The API deployment for this resource does not exist. If you created the deployment within ' +
        'the last 5 minutes, please wait a moment and try again.',
    ],
    route: [404, '404', '', NOT_FOUND],
    method: [404, '404', '', NOT_FOUND],
    rate: [
      429,
      '429',
      '',
      'Requests to the ChatCompletions_Create Operation have exceeded the call rate ' +
        'limit of your ' +
        'current pricing tier. Please retry after 1 second.',
    ],
  }),
  body: ({ code, message, type, param }): JsonObject =>
    type === '' ? { error: { code, message } } : { error: { message, type, param, code } },
};

const OPENAI = VENDORS.find(({ id }) => id === 'openai')!;
const VENDOR: FakeVendor = {
  ...OPENAI,
  id: ID,
  name: 'Azure OpenAI',
  path: PATH,
  key: KEY,
  models: MODELS,
  errors: ERRORS,
};

/** `api-key`, or a token of Entra ID as a bearer's; here both hold the key. */
function keyOf(request: WireRequest): string {
  return request.headers.get('api-key') ?? bearerOf(request);
}

function keyed(service: Service): Service {
  return { ...service, keyOf, refused: (request) => judgeKey(KEY, keyOf(request)) };
}

const SAFE = { filtered: false, severity: 'safe' };
const FILTERS = { hate: SAFE, self_harm: SAFE, sexual: SAFE, violence: SAFE };

/** What the content filter saw stands in every answer; a stream begins with a chunk for it. */
function filtered(speech: Speech): Speech {
  const prompt = [{ prompt_index: 0, content_filter_results: FILTERS }];
  const whole = speech.whole as JsonObject;
  const choices = Array.isArray(whole.choices) ? whole.choices : [];
  const empty = { id: '', object: '', created: 0, model: '', choices: [] };
  const first = dataFrame({ ...empty, prompt_filter_results: prompt });
  return {
    ...speech,
    whole: {
      ...whole,
      choices: choices.map((choice) => ({ ...choice, content_filter_results: FILTERS })),
      prompt_filter_results: prompt,
    },
    frames: speech.frames.length === 0 ? [] : [first, ...speech.frames],
  };
}

const CHAT: Service = keyed({
  ...chatService(VENDOR),
  speak: (given, pieces) => filtered(chatService(VENDOR).speak(given, pieces)),
});
const EMBEDDINGS = keyed(embeddingService(VENDOR, OPENAI_EMBED));
const RESPONSES = Object.fromEntries(
  Object.entries(responsesServices(VENDOR)).map(([place, service]) => [place, keyed(service)]),
);
const SERVICES: Readonly<Record<string, Service>> = {
  '/chat/completions': CHAT,
  '/embeddings': EMBEDDINGS,
  ...RESPONSES,
};
const KEPT = serveStored({ ...VENDOR, key: null });

/** The deployment in the path is the model, whatever the body says. */
function deployed(service: Service, deployment: string): Service {
  const named = (body: JsonObject): JsonObject => ({ ...body, model: deployment });
  return {
    ...service,
    modelOf: () => deployment,
    check: (asked) => service.check({ ...asked, body: named(asked.body) }),
    speak: (given, pieces) => service.speak({ ...given, body: named(given.body) }, pieces),
  };
}

async function serve(visit: Visit): Promise<void> {
  const { place, request, wire } = visit;
  const isPost = request.method === 'POST';
  const [, deployment, path = ''] = /^\/openai\/deployments\/([^/]+)(\/.+)$/.exec(place) ?? [];
  const version = request.query.get('api-version') ?? '';
  if (deployment !== undefined && isPost && VERSION.test(version) && !path.startsWith('/resp')) {
    const service = SERVICES[path];
    if (service !== undefined) {
      return serveCall(visit, deployed(service, decodeURIComponent(deployment)));
    }
  }
  const inner = /^\/openai\/v1(\/.+)$/.exec(place)?.[1] ?? '';
  const service = SERVICES[inner];
  if (service !== undefined && isPost) return serveCall(visit, service);
  const refused = CHAT.refused(request);
  if (refused !== null) return refuse(visit, CHAT, { kind: refused });
  if (await KEPT({ ...visit, place: inner })) return;
  if (inner !== '/models' || request.method !== 'GET') {
    return refuse(visit, CHAT, { kind: 'route' });
  }
  const ids = [...MODELS, ...FAULTS.map(({ model }) => model)];
  const data = ids.map((id) => ({ id, object: 'model', status: 'succeeded' }));
  return sendJson(wire, 200, { object: 'list', data });
}

export const AZURE: Mount = {
  id: ID,
  path: PATH,
  key: KEY,
  models: MODELS,
  extra: (url) => ({ base_url: `${url}${PATH}/openai/v1`, resource_url: `${url}${PATH}` }),
  serve,
};
