/** The npm packages `ai` and `@ai-sdk/google`, as their users use them, on everybody's models. */
import { afterAll, beforeAll } from 'bun:test';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { cleanUp, type Gateway, startGateway } from '../gateway.ts';
import { aiTries } from './ai-tries.ts';
import { tryAll, YAML } from './run.ts';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
});
afterAll(cleanUp);

tryAll(
  // A name with a slash is taken as a whole path by this client.
  aiTries((model) =>
    createGoogleGenerativeAI({ apiKey: gateway.key, baseURL: `${gateway.url}/v1beta` })(
      model.includes('/') ? `models/${model}` : model,
    ),
  ),
);
