/**
 * AWS Bedrock by its Converse API. The credential is ACCESS_KEY_ID:SECRET, with :SESSION_TOKEN
 * where it is a temporary one, or a key of Bedrock's alone. The region is that of the base URL.
 */
import { signAws } from '../dialects/bedrock-converse/sign.ts';
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'bedrock',
  name: 'AWS Bedrock',
  baseUrl: 'https://bedrock-runtime.us-east-1.amazonaws.com',
  keyEnv: ['AWS_BEARER_TOKEN_BEDROCK'],
  auth: { sign: signAws },
  services: {
    chat: [
      {
        path: '/model/{model}/converse',
        streamPath: '/model/{model}/converse-stream',
        dialect: 'bedrock-converse',
        streamUsage: 'always',
        framing: 'aws-eventstream',
        meter: {
          input: '/usage/inputTokens',
          output: '/usage/outputTokens',
          cachedInput: ['/usage/cacheReadInputTokens'],
          cacheWrite: ['/usage/cacheWriteInputTokens'],
          // Read and written input is counted beside the rest.
          cachedApart: true,
        },
      },
    ],
  },
  // The name of the exception stands in a header; bodies hold words only, so the status decides.
  errorAt: { code: '/error/code', message: '/message' },
  causes: {
    'http:400': 'caller',
    'http:403': 'credential',
    'http:404': 'model',
    'http:424': 'down',
    throttlingException: 'busy',
    validationException: 'caller',
    modelStreamErrorException: 'down',
    internalServerException: 'down',
    serviceUnavailableException: 'down',
  },
  docs: 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html',
  checked: '2026-11-26',
} satisfies Vendor);
