/** Google's Gemini Developer API, in its own format. */
import type { TokenMeter, Vendor } from './shape.ts';

const METER = {
  input: '/usageMetadata/promptTokenCount',
  inputMore: ['/usageMetadata/toolUsePromptTokenCount'],
  output: '/usageMetadata/candidatesTokenCount',
  sparse: true,
  // Part of the prompt.
  cachedInput: ['/usageMetadata/cachedContentTokenCount'],
  reasoning: ['/usageMetadata/thoughtsTokenCount'],
  reasoningApart: true,
} satisfies TokenMeter;

export default Object.freeze({
  id: 'gemini',
  name: 'Google Gemini',
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  keyEnv: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  auth: { header: 'x-goog-api-key', prefix: '' },
  services: {
    chat: [
      {
        path: '/models/{model}:generateContent',
        streamPath: '/models/{model}:streamGenerateContent?alt=sse',
        dialect: 'gemini-generate',
        streamUsage: 'always',
        meter: METER,
      },
    ],
    embeddings: [
      {
        path: '/models/{model}:batchEmbedContents',
        dialect: 'gemini-embed',
        inputsMax: 100,
        // The answer has no usage: the texts are counted by estimate.
        meter: {},
      },
    ],
    tokenization: [
      {
        path: '/models/{model}:countTokens',
        dialect: 'gemini-generate-count',
        meter: {},
        free: true,
      },
    ],
  },
  causes: {
    // A key that is not valid is a 400 INVALID_ARGUMENT; only the reason tells it apart.
    API_KEY_INVALID: 'credential',
    API_KEY_SERVICE_BLOCKED: 'credential',
    SERVICE_DISABLED: 'account',
    BILLING_DISABLED: 'account',
    INVALID_ARGUMENT: 'caller',
    // Billing is not enabled, or the free tier is not offered where we are.
    FAILED_PRECONDITION: 'account',
    OUT_OF_RANGE: 'caller',
    UNAUTHENTICATED: 'credential',
    PERMISSION_DENIED: 'credential',
    NOT_FOUND: 'model',
    // RESOURCE_EXHAUSTED is a limit by 429 and used up credit by 402: the status decides.
    CANCELLED: 'down',
    INTERNAL: 'down',
    UNAVAILABLE: 'down',
    DEADLINE_EXCEEDED: 'down',
  },
  errorAt: { code: ['/error/details/0/reason', '/error/status'], message: '/error/message' },
  docs: 'https://ai.google.dev/api/generate-content',
  checked: '2026-11-26',
} satisfies Vendor);
