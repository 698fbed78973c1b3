/** Cohere's v2 embeddings. https://docs.cohere.com/reference/embed (read 2026-11). */
import type { Json, JsonObject } from '../../src/kit/json.ts';
import { type Bearer, bearerService } from '../chat.ts';
import { type Complaint, field, first, invalid, missing } from '../check.ts';
import { objectsOf, strangeMember, textOr } from '../complain.ts';
import { quantised, toBase64 } from '../rag/quantise.ts';
import type { Service } from '../service.ts';
import { type Speech, wholeSpeech } from '../speech.ts';
import { countTokens } from '../tokens.ts';
import { embed } from '../vectors.ts';

const TEXTS_MAX = 96;
const KINDS = ['float', 'int8', 'uint8', 'binary', 'ubinary', 'base64'];
const INPUT_TYPES = [
  ...['search_document', 'search_query', 'classification', 'clustering', 'image'],
];
const SIZES = [256, 512, 1_024, 1_536];
const SIZE_DEFAULT = 1_536;
const FIELDS = [
  ...['model', 'texts', 'images', 'inputs', 'input_type', 'embedding_types', 'truncate'],
  ...['output_dimension', 'max_tokens', 'priority'],
];

export function cohereEmbed(vendor: Omit<Bearer, 'models'>): Service {
  return {
    ...bearerService(vendor),
    isStream: () => false,
    check: ({ body }) => check(body),
    speak: ({ body, n }) => speak(body, n),
  };
}

/** Texts, or the texts of inputs that mix texts and images. */
function textsOf(body: JsonObject): string[] {
  const inputs = objectsOf(body.inputs).map(({ content }) =>
    objectsOf(content)
      .map((part) => textOr(part.text, JSON.stringify(part.image_url ?? '')))
      .join('\n'),
  );
  const lists = [body.texts, body.images].flatMap((list) => (Array.isArray(list) ? list : []));
  return [...lists.map(String), ...inputs];
}

function check(body: JsonObject): Complaint | null {
  const { input_type: kind, embedding_types: kinds, output_dimension: size } = body;
  const texts = textsOf(body);
  return first([
    () => {
      const strange = strangeMember(body, FIELDS);
      return strange === null ? null : invalid(strange, 'unknown field');
    },
    () => (typeof body.model === 'string' && body.model !== '' ? null : missing('model')),
    () => (kind === undefined ? missing('input_type') : null),
    () => {
      const rule = `must be one of ${INPUT_TYPES.join(', ')}`;
      return INPUT_TYPES.includes(String(kind)) ? null : invalid('input_type', rule);
    },
    () => (texts.length === 0 ? missing('texts') : null),
    () => {
      const isOver = texts.length > TEXTS_MAX;
      return isOver ? invalid('texts', `at most ${TEXTS_MAX} texts in one request`) : null;
    },
    () => (texts.includes('') ? invalid('texts', 'texts must not be empty') : null),
    () => {
      if (field(body, 'embedding_types') === undefined) return null;
      const fits = Array.isArray(kinds) && kinds.every((one) => KINDS.includes(String(one)));
      return fits ? null : invalid('embedding_types', `each must be one of ${KINDS.join(', ')}`);
    },
    () => {
      if (size === undefined || SIZES.some((one) => one === size)) return null;
      return invalid('output_dimension', `must be one of ${SIZES.join(', ')}`);
    },
  ]);
}

function speak(body: JsonObject, n: number): Speech {
  const texts = textsOf(body);
  const size = body.output_dimension;
  const dimensions = typeof size === 'number' ? size : SIZE_DEFAULT;
  const asked = Array.isArray(body.embedding_types) ? body.embedding_types.map(String) : [];
  const vectors = texts.map((text) => embed(text, dimensions));
  const embeddings: Record<string, Json> = {};
  for (const kind of asked.length === 0 ? ['float'] : asked) {
    embeddings[kind] = vectors.map((vector) =>
      kind === 'base64' ? toBase64(vector, 'float') : quantised(vector, kind),
    );
  }
  const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
  const meta = { api_version: { version: '2' }, billed_units: { input_tokens: tokens } };
  const id = `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
  return wholeSpeech({ id, embeddings, texts, meta, response_type: 'embeddings_by_type' }, meta);
}
