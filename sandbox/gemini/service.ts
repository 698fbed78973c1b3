/** The methods of a model, the same at the Gemini API and at Vertex. */
import { isObject, type JsonObject } from '../../src/kit/json.ts';
import { turnsFor } from '../answer.ts';
import { type Complaint, first } from '../check.ts';
import type { Service } from '../service.ts';
import { type Speech, wholeSpeech } from '../speech.ts';
import type { WireRequest } from '../wire.ts';
import { readGenerate } from './ask.ts';
import { checkContents, checkGenerate, checkNames } from './check.ts';
import { batchSpeech, checkBatch, checkEmbed, embedSpeech } from './embed.ts';
import { readProto } from './proto.ts';
import { generateSpeech } from './speech.ts';

export type Base = Pick<Service, 'id' | 'path' | 'errors' | 'refused' | 'mark' | 'keyOf'>;

/** Prompts with this word are blocked, as an unsafe one would be. */
const BLOCKED_WORD = 'SANDBOX_BLOCKED_PROMPT';

interface Method {
  readonly message: string;
  readonly stream: boolean;
  readonly check: (body: JsonObject, model: string) => Complaint | null;
}

const METHODS: Readonly<Record<string, Method>> = {
  generateContent: { message: 'Generate', stream: false, check: checkGenerate },
  streamGenerateContent: { message: 'Generate', stream: true, check: checkGenerate },
  countTokens: { message: 'Count', stream: false, check: checkCount },
  embedContent: { message: 'Embed', stream: false, check: checkEmbed },
  batchEmbedContents: { message: 'Batch', stream: false, check: checkBatch },
};

function checkCount(body: JsonObject): Complaint | null {
  const inner = body.generateContentRequest;
  return checkContents(isObject(inner) ? inner : body);
}

/** The service behind `<model>:<method>`; null where there is no such method. */
export function modelService(base: Base, model: string, name: string): Service | null {
  const method = METHODS[name];
  if (method === undefined) return null;
  const read = (body: JsonObject): JsonObject => {
    const found = readProto(body, method.message);
    return 'value' in found ? found.value : {};
  };
  return {
    ...base,
    modelOf: () => model,
    isStream: () => method.stream,
    check: ({ body }) =>
      first([() => checkNames(body, method.message), () => method.check(read(body), model)]),
    speak: ({ body, n, plan, request }, pieces) => {
      if (name === 'embedContent') return embedSpeech(read(body));
      if (name === 'batchEmbedContents') return batchSpeech(read(body));
      if (name === 'countTokens') return countSpeech(read(body), model);
      const ask = readGenerate(read(body), model);
      const blocked = ask.userText.includes(BLOCKED_WORD);
      const turns = blocked ? [] : turnsFor({ ask, name: 'Google Gemini', plan, pieces });
      const noUsage = plan.noUsage === true;
      return generateSpeech({ ask, turns, n, pieces, noUsage, blocked, sse: isSse(request) });
    },
  };
}

function isSse(request: WireRequest): boolean {
  return request.query.get('alt') === 'sse';
}

function countSpeech(body: JsonObject, model: string): Speech {
  const inner = body.generateContentRequest;
  const { promptTokens } = readGenerate(isObject(inner) ? inner : body, model);
  const details = [{ modality: 'TEXT', tokenCount: promptTokens }];
  return wholeSpeech({ totalTokens: promptTokens, promptTokensDetails: details }, null);
}
