/** The npm packages `ai` and `@ai-sdk/cohere`, as their users use them, on everybody's models. */
import { afterAll, beforeAll } from 'bun:test';
import { createCohere } from '@ai-sdk/cohere';
import { cleanUp, type Gateway, startGateway } from '../gateway.ts';
import { aiTries } from './ai-tries.ts';
import { tryAll, YAML } from './run.ts';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
});
afterAll(cleanUp);

tryAll(
  aiTries((model) => createCohere({ apiKey: gateway.key, baseURL: `${gateway.url}/v2` })(model)),
  'npm ai, @ai-sdk/cohere',
);
