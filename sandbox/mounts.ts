/** Every mount of the sandbox, Ark first. */
import { ANTHROPIC } from './anthropic/mount.ts';
import { ARK_MOUNT } from './ark/mount.ts';
import { BEDROCK } from './bedrock/mount.ts';
import { chatMount, type MoreServices } from './chat.ts';
import { COHERE } from './cohere/mount.ts';
import { GEMINI } from './gemini/mount.ts';
import { VERTEX } from './gemini/vertex.ts';
import { AZURE } from './openai/azure.ts';
import { responsesServices, serveStored } from './openai/responses.ts';
import { embeddingService } from './rag/embeddings.ts';
import { SEARCH_MOUNTS } from './rag/mounts.ts';
import { rerankService, SILICONFLOW_RERANK } from './rag/rerank.ts';
import {
  MISTRAL_EMBED,
  OLLAMA_EMBED,
  OPENAI_EMBED,
  QWEN_EMBED,
  SILICONFLOW_EMBED,
  ZHIPU_EMBED,
} from './rag/styles.ts';
import type { Mount } from './service.ts';
import { ARK, type FakeVendor, VENDORS } from './vendors.ts';

/** What a vendor of chat serves beside it. */
const MORE: Readonly<Record<string, (vendor: FakeVendor) => MoreServices>> = {
  openai: (vendor) => ({
    '/embeddings': embeddingService(vendor, OPENAI_EMBED),
    ...responsesServices(vendor),
  }),
  qwen: (vendor) => ({ '/embeddings': embeddingService(vendor, QWEN_EMBED) }),
  zhipu: (vendor) => ({ '/embeddings': embeddingService(vendor, ZHIPU_EMBED) }),
  siliconflow: (vendor) => ({
    '/embeddings': embeddingService(vendor, SILICONFLOW_EMBED),
    '/rerank': rerankService(vendor, SILICONFLOW_RERANK),
  }),
  mistral: (vendor) => ({ '/embeddings': embeddingService(vendor, MISTRAL_EMBED) }),
  ollama: (vendor) => ({ '/embeddings': embeddingService(vendor, OLLAMA_EMBED) }),
  'openai-compatible': (vendor) => ({ '/embeddings': embeddingService(vendor, OPENAI_EMBED) }),
};

export const MOUNTS: readonly Mount[] = Object.freeze([
  ARK_MOUNT,
  ...VENDORS.filter(({ id }) => id !== ARK.id).map((vendor) =>
    chatMount(
      vendor,
      MORE[vendor.id]?.(vendor),
      vendor.id === 'openai' ? serveStored(vendor) : undefined,
    ),
  ),
  ANTHROPIC,
  GEMINI,
  VERTEX,
  COHERE,
  AZURE,
  BEDROCK,
  ...SEARCH_MOUNTS,
]);
