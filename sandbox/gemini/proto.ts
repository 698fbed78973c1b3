/**
 * Google reads JSON as protocol buffers: names in camelCase or snake_case, unknown names refused.
 * The messages of generateContent as far as a client of text and tools meets them, from
 * https://ai.google.dev/api/generate-content and …/api/caching#Schema (read 2026-11).
 */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';

/** A member is another message, or `any` for free JSON, a scalar or a list of them. */
type Message = Readonly<Record<string, string>>;

function any(...names: string[]): Message {
  return Object.fromEntries(names.map((name) => [name, 'any']));
}

const MESSAGES: Readonly<Record<string, Message>> = {
  Generate: {
    ...any('model', 'cachedContent', 'labels', 'store', 'serviceTier'),
    contents: 'Content',
    systemInstruction: 'Content',
    tools: 'Tool',
    toolConfig: 'ToolConfig',
    safetySettings: 'SafetySetting',
    generationConfig: 'GenerationConfig',
  },
  Content: { role: 'any', parts: 'Part' },
  Part: {
    ...any('text', 'thought', 'thoughtSignature', 'executableCode', 'codeExecutionResult'),
    ...any('videoMetadata', 'mediaResolution', 'partMetadata'),
    inlineData: 'Blob',
    fileData: 'FileData',
    functionCall: 'FunctionCall',
    functionResponse: 'FunctionResponse',
  },
  Blob: any('mimeType', 'data', 'displayName'),
  FileData: any('mimeType', 'fileUri', 'displayName'),
  FunctionCall: any('id', 'name', 'args', 'partialArgs', 'willContinue'),
  FunctionResponse: any('id', 'name', 'response', 'parts', 'willContinue', 'scheduling'),
  Tool: {
    ...any('googleSearch', 'googleSearchRetrieval', 'codeExecution', 'urlContext', 'googleMaps'),
    ...any('fileSearch', 'computerUse', 'mcpServers', 'enterpriseWebSearch', 'retrieval'),
    functionDeclarations: 'FunctionDeclaration',
  },
  FunctionDeclaration: {
    ...any('name', 'description', 'behavior', 'parametersJsonSchema', 'responseJsonSchema'),
    parameters: 'Schema',
    response: 'Schema',
  },
  ToolConfig: { retrievalConfig: 'any', functionCallingConfig: 'FunctionCallingConfig' },
  FunctionCallingConfig: any('mode', 'allowedFunctionNames', 'streamFunctionCallArguments'),
  SafetySetting: any('category', 'threshold', 'method'),
  GenerationConfig: {
    ...any('stopSequences', 'responseMimeType', 'responseJsonSchema', 'responseModalities'),
    ...any('candidateCount', 'maxOutputTokens', 'temperature', 'topP', 'topK', 'seed'),
    ...any('presencePenalty', 'frequencyPenalty', 'responseLogprobs', 'logprobs'),
    ...any('speechConfig', 'imageConfig', 'mediaResolution', 'enableEnhancedCivicAnswers'),
    ...any('audioTimestamp', 'routingConfig', 'modelConfig', 'responseFormat'),
    responseSchema: 'Schema',
    thinkingConfig: 'ThinkingConfig',
  },
  ThinkingConfig: any('includeThoughts', 'thinkingBudget', 'thinkingLevel'),
  Schema: {
    ...any('type', 'format', 'title', 'description', 'nullable', 'enum', 'maxItems', 'minItems'),
    ...any('required', 'minProperties', 'maxProperties', 'minLength', 'maxLength', 'pattern'),
    ...any('example', 'propertyOrdering', 'default', 'minimum', 'maximum'),
    properties: 'Schemas',
    anyOf: 'Schema',
    items: 'Schema',
  },
  Embed: {
    ...any('model', 'taskType', 'title', 'outputDimensionality', 'autoTruncate'),
    content: 'Content',
    config: 'any',
  },
  Batch: { requests: 'Embed' },
  Count: { model: 'any', contents: 'Content', generateContentRequest: 'Generate' },
};

export interface Strange {
  readonly name: string;
  readonly at: string;
}

export type Read = { readonly value: JsonObject } | { readonly strange: Strange };

/** The message with every name in camelCase, or the first name that it does not know. */
export function readProto(body: JsonObject, message: string): Read {
  const strange: Strange[] = [];
  const value = readMember(body, { type: message, at: '', strange });
  if (strange[0] !== undefined) return { strange: strange[0] };
  return { value: isObject(value) ? value : {} };
}

interface Place {
  readonly type: string;
  readonly at: string;
  readonly strange: Strange[];
}

function readMember(value: Json, place: Place): Json {
  const { type, at, strange } = place;
  if (type === 'any') return value;
  if (Array.isArray(value)) {
    return value.map((one, index) => readMember(one, { ...place, at: `${at}[${index}]` }));
  }
  if (!isObject(value)) return value;
  const made: Record<string, Json> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (type === 'Schemas') {
      made[name] = readMember(inner, { type: 'Schema', at: `${at}[0].value`, strange });
      continue;
    }
    const camel = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    const known = MESSAGES[type]?.[camel];
    if (known === undefined) {
      strange.push({ name, at });
      continue;
    }
    const snake = camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const inside = at === '' ? snake : `${at}.${snake}`;
    made[camel] = readMember(inner, { type: known, at: inside, strange });
  }
  return made;
}

/** A schema of Google's as JSON Schema: types in lower case, `nullable` as a type. */
export function toJsonSchema(schema: Json | undefined): JsonObject {
  if (!isObject(schema)) return {};
  const { type, nullable, properties, items, anyOf, propertyOrdering: _, ...rest } = schema;
  const made: Record<string, Json> = { ...rest };
  if (typeof type === 'string' && type !== 'TYPE_UNSPECIFIED') {
    const low = type.toLowerCase();
    made.type = nullable === true ? [low, 'null'] : low;
  }
  if (isObject(properties)) {
    made.properties = Object.fromEntries(
      Object.entries(properties).map(([name, inner]) => [name, toJsonSchema(inner)]),
    );
  }
  if (items !== undefined) made.items = toJsonSchema(items);
  if (Array.isArray(anyOf)) made.anyOf = anyOf.map(toJsonSchema);
  for (const name of ['minItems', 'maxItems', 'minLength', 'maxLength']) {
    // int64 comes as text.
    if (typeof made[name] === 'string') made[name] = Number(made[name]);
  }
  return made;
}
