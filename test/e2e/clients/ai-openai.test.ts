/** The npm packages `ai` and `@ai-sdk/openai`, in both formats, on everybody's models. */
import { afterAll, beforeAll, describe } from 'bun:test';
import { createOpenAI } from '@ai-sdk/openai';
import { cleanUp, type Gateway, startGateway } from '../gateway.ts';
import { aiTries } from './ai-tries.ts';
import { tryAll, YAML } from './run.ts';

let gateway: Gateway;
const provider = () => createOpenAI({ apiKey: gateway.key, baseURL: `${gateway.url}/v1` });

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
});
afterAll(cleanUp);

describe('chat', () => tryAll(aiTries((model) => provider().chat(model))));
// What `openai(model)` is without a word.
describe('responses', () => tryAll(aiTries((model) => provider().responses(model))));
