/** The npm packages `ai` and `@ai-sdk/anthropic`, as their users use them, on all models. */
import { afterAll, beforeAll } from 'bun:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { cleanUp, type Gateway, startGateway } from '../gateway.ts';
import { aiTries } from './ai-tries.ts';
import { tryAll, YAML } from './run.ts';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
});
afterAll(cleanUp);

tryAll(
  aiTries((model) => createAnthropic({ apiKey: gateway.key, baseURL: `${gateway.url}/v1` })(model)),
);
