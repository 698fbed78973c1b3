/** Every mount of the sandbox, Ark first. */
import { ANTHROPIC } from './anthropic/mount.ts';
import { chatMount, type MoreServices } from './chat.ts';
import { COHERE } from './cohere/mount.ts';
import { GEMINI } from './gemini/mount.ts';
import { VERTEX } from './gemini/vertex.ts';
import { embeddingService } from './rag/embeddings.ts';
import { SEARCH_MOUNTS } from './rag/mounts.ts';
import { rerankService, SILICONFLOW_RERANK } from './rag/rerank.ts';
import {
  OLLAMA_EMBED,
  OPENAI_EMBED,
  QWEN_EMBED,
  SILICONFLOW_EMBED,
  ZHIPU_EMBED,
} from './rag/styles.ts';
import type { Mount } from './service.ts';
import { type FakeVendor, VENDORS } from './vendors.ts';

/** What a vendor of chat serves beside it. */
const MORE: Readonly<Record<string, (vendor: FakeVendor) => MoreServices>> = {
  openai: (vendor) => ({ '/embeddings': embeddingService(vendor, OPENAI_EMBED) }),
  qwen: (vendor) => ({ '/embeddings': embeddingService(vendor, QWEN_EMBED) }),
  zhipu: (vendor) => ({ '/embeddings': embeddingService(vendor, ZHIPU_EMBED) }),
  siliconflow: (vendor) => ({
    '/embeddings': embeddingService(vendor, SILICONFLOW_EMBED),
    '/rerank': rerankService(vendor, SILICONFLOW_RERANK),
  }),
  ollama: (vendor) => ({ '/embeddings': embeddingService(vendor, OLLAMA_EMBED) }),
  'openai-compatible': (vendor) => ({ '/embeddings': embeddingService(vendor, OPENAI_EMBED) }),
};

export const MOUNTS: readonly Mount[] = Object.freeze([
  ...VENDORS.map((vendor) => chatMount(vendor, MORE[vendor.id]?.(vendor))),
  ANTHROPIC,
  GEMINI,
  VERTEX,
  COHERE,
  ...SEARCH_MOUNTS,
]);
