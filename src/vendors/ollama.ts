/** Ollama on this machine; the settings give its address where it is another. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'ollama',
  name: 'Ollama',
  baseUrl: 'http://127.0.0.1:11434/v1',
  keyEnv: [],
  auth: null,
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        // unverified: both tweaks; the compatibility page names max_tokens and no developer role.
        tweaks: {
          rename: { max_completion_tokens: 'max_tokens' },
          roles: { developer: 'system' },
        },
        meter: {
          input: '/usage/prompt_tokens',
          output: '/usage/completion_tokens',
        },
      },
    ],
    embeddings: [
      {
        path: '/embeddings',
        dialect: 'float-embeddings',
        meter: { input: '/usage/prompt_tokens' },
      },
    ],
  },
  docs: 'https://docs.ollama.com/api/openai-compatibility',
  checked: '2026-11-22',
} satisfies Vendor);
