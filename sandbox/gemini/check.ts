/** Checks a generateContent request as Google does. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Complaint, field, first } from '../check.ts';
import { objectsOf, wrong } from '../complain.ts';
import { readProto, type Strange } from './proto.ts';
import { isThoughtSigned } from './sign.ts';

const STOPS_MAX = 5;
const CANDIDATES_MAX = 8;
const TOOL_NAME = /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/;
const MODES = ['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'];
const TYPES = ['STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL'];
const MIMES = ['text/plain', 'application/json', 'text/x.enum'];
/** Models that want their signatures back. */
const SIGNS = /^gemini-([3-9]|\d\d)/;

export function unknownName({ name, at }: Strange): Complaint {
  const where = at === '' ? '' : ` at '${at}'`;
  const detail = `Invalid JSON payload received. Unknown name "${name}"${where}: Cannot find field.`;
  return { kind: 'unsupported', param: at, detail };
}

/** The checks of `body`, already in camelCase. */
export function checkGenerate(body: JsonObject, model: string): Complaint | null {
  const config = isObject(body.generationConfig) ? body.generationConfig : {};
  return first([
    () => checkContents(body),
    () => checkCalls(body, model),
    () => checkTools(body),
    () => checkMode(body),
    () => checkConfig(config),
    () => checkFormat(config),
    () => checkThinking(config, model),
  ]);
}

/** Names first, as the parser comes first. */
export function checkNames(body: JsonObject, message: string): Complaint | null {
  const read = readProto(body, message);
  return 'strange' in read ? unknownName(read.strange) : null;
}

export function checkContents(body: JsonObject): Complaint | null {
  const { contents } = body;
  const turns = isObject(contents) ? [contents] : contents;
  if (turns === undefined || (Array.isArray(turns) && turns.length === 0)) {
    return wrong('contents', '* GenerateContentRequest.contents: contents is not specified');
  }
  if (!Array.isArray(turns)) return wrong('contents', "Invalid value at 'contents'");
  for (const [index, turn] of turns.entries()) {
    const at = `contents[${index}]`;
    if (!isObject(turn)) return wrong(at, `Invalid value at '${at}'`);
    const { role } = turn;
    if (role !== undefined && !['user', 'model', 'function'].includes(String(role))) {
      return wrong(`${at}.role`, 'Please use a valid role: user, model.');
    }
    const parts = objectsOf(turn.parts);
    if (parts.length === 0) {
      const rule = 'contents.parts must not be empty.';
      return wrong(`${at}.parts`, `* GenerateContentRequest.${at}.parts: ${rule}`);
    }
    for (const [place, part] of parts.entries()) {
      const complaint = checkPart(part, `${at}.parts[${place}]`);
      if (complaint !== null) return complaint;
    }
  }
  return null;
}

const DATA = [
  ...['text', 'inlineData', 'fileData', 'functionCall', 'functionResponse', 'executableCode'],
  'codeExecutionResult',
];

function checkPart(part: JsonObject, at: string): Complaint | null {
  const held = DATA.filter((name) => part[name] !== undefined);
  const path = `GenerateContentRequest.${at}`;
  if (held.length === 0 && part.thoughtSignature === undefined) {
    const rule = "required oneof field 'data' must have one initialized field";
    return wrong(at, `* ${path}.data: ${rule}`);
  }
  if (held.length > 1) {
    return wrong(at, `Invalid value at '${at}' (oneof), oneof field 'data' is already set.`);
  }
  if (part.text !== undefined && typeof part.text !== 'string') {
    return wrong(at, `Invalid value at '${at}.text' (TYPE_STRING), ${JSON.stringify(part.text)}`);
  }
  if (isObject(part.inlineData)) {
    const { mimeType, data } = part.inlineData;
    if (typeof mimeType !== 'string') return wrong(at, `Unsupported MIME type: `);
    if (typeof data !== 'string' || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(data)) {
      return wrong(
        at,
        `Invalid value at '${at}.inline_data.data' (TYPE_BYTES), Base64 decoding failed`,
      );
    }
  }
  if (isObject(part.fileData) && typeof part.fileData.fileUri !== 'string') {
    return wrong(at, `* ${path}.file_data.file_uri: is required`);
  }
  return checkFunctionPart(part, at);
}

function checkFunctionPart(part: JsonObject, at: string): Complaint | null {
  const { functionCall: call, functionResponse: response } = part;
  if (isObject(call) && typeof call.name !== 'string') {
    return wrong(at, `* GenerateContentRequest.${at}.function_call.name: Name cannot be empty.`);
  }
  if (isObject(call) && call.args !== undefined && !isObject(call.args)) {
    return wrong(at, `Invalid value at '${at}.function_call.args' (type.googleapis.com/Struct)`);
  }
  if (!isObject(response)) return null;
  const path = `GenerateContentRequest.${at}.function_response`;
  if (typeof response.name !== 'string' || response.name === '') {
    return wrong(at, `* ${path}.name: Name cannot be empty.`);
  }
  return isObject(response.response)
    ? null
    : wrong(at, `Invalid value at '${at}.function_response.response' (type.googleapis.com/Struct)`);
}

/** Calls are answered at once and in number; those of the turn that is under way are signed. */
function checkCalls(body: JsonObject, model: string): Complaint | null {
  const turns = objectsOf(isObject(body.contents) ? [body.contents] : body.contents);
  for (const [index, turn] of turns.entries()) {
    const calls = partsWith(turn, 'functionCall').length;
    const next = turns[index + 1];
    const answers = next === undefined ? null : partsWith(next, 'functionResponse').length;
    if (calls > 0 && answers !== null && answers !== calls) {
      const detail =
        'Please ensure that the number of function response parts is equal to the number of ' +
        'function call parts of the function call turn.';
      return wrong('contents', detail);
    }
    const before = turns[index - 1];
    const isStray = before === undefined || partsWith(before, 'functionCall').length === 0;
    if (partsWith(turn, 'functionResponse').length > 0 && isStray) {
      const detail =
        'Please ensure that function response turn comes immediately after a function call turn.';
      return wrong('contents', detail);
    }
  }
  return SIGNS.test(model) ? checkSignatures(turns) : null;
}

function partsWith(turn: JsonObject, name: string): JsonObject[] {
  return objectsOf(turn.parts).filter((part) => part[name] !== undefined);
}

/** The turn under way begins with the last words of the user's own. */
function checkSignatures(turns: readonly JsonObject[]): Complaint | null {
  const start = turns.findLastIndex(
    (turn) => turn.role !== 'model' && partsWith(turn, 'text').length > 0,
  );
  for (const [index, turn] of turns.entries()) {
    const [head] = partsWith(turn, 'functionCall');
    if (head === undefined || !isObject(head.functionCall)) continue;
    const { name, args } = head.functionCall;
    const signature = head.thoughtSignature;
    if (signature === undefined && index > start) {
      const detail =
        'Function call is missing a thought_signature in functionCall parts. This is required ' +
        'for tools to work correctly, and missing thought_signature may lead to degraded model ' +
        `performance. Additional data, function call \`default_api:${name}\`, position ` +
        `${objectsOf(turn.parts).indexOf(head) + 1}. Please refer to ` +
        'https://ai.google.dev/gemini-api/docs/thought-signatures for more details.';
      return wrong('contents', detail);
    }
    const isKnown = isThoughtSigned(
      head.functionCall,
      isObject(args) ? args : {},
      String(signature),
    );
    if (signature !== undefined && !isKnown)
      return wrong('contents', 'Corrupted thought signature.');
  }
  return null;
}

function checkTools(body: JsonObject): Complaint | null {
  const tools = field(body, 'tools');
  if (tools === undefined) return null;
  if (!Array.isArray(tools)) return wrong('tools', "Invalid value at 'tools'");
  for (const [index, tool] of objectsOf(tools).entries()) {
    for (const [place, made] of objectsOf(tool.functionDeclarations).entries()) {
      const at = `tools[${index}].function_declarations[${place}]`;
      if (typeof made.name !== 'string' || !TOOL_NAME.test(made.name)) {
        const rule =
          'Invalid function name. Must start with a letter or an underscore. Must be alphanumeric ' +
          '(a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum ' +
          'length of 128.';
        return wrong(at, `* GenerateContentRequest.${at}.name: ${rule}`);
      }
      if (made.parameters !== undefined && made.parametersJsonSchema !== undefined) {
        return wrong(at, `${at}: only one of parameters and parameters_json_schema may be set.`);
      }
      const complaint = checkSchema(made.parameters, `${at}.parameters`);
      if (complaint !== null) return complaint;
    }
  }
  return null;
}

/** Types are written in capitals or not at all; lists say of what. */
function checkSchema(schema: Json | undefined, at: string): Complaint | null {
  if (!isObject(schema)) return null;
  const { type, items, properties, required } = schema;
  if (type !== undefined && !TYPES.includes(String(type).toUpperCase())) {
    return wrong(
      at,
      `Invalid value at '${at}.type' (google.ai.generativelanguage.Type), "${type}"`,
    );
  }
  const path = `GenerateContentRequest.${at}`;
  if (String(type).toUpperCase() === 'ARRAY' && items === undefined) {
    return wrong(at, `* ${path}.items: missing field.`);
  }
  const names = isObject(properties) ? Object.keys(properties) : [];
  if (Array.isArray(required)) {
    const lost = required.findIndex((name) => !names.includes(String(name)));
    if (lost >= 0) return wrong(at, `* ${path}.required[${lost}]: property is not defined`);
  }
  for (const name of names) {
    const inner = isObject(properties) ? properties[name] : undefined;
    const complaint = checkSchema(inner, `${at}.properties[${name}]`);
    if (complaint !== null) return complaint;
  }
  return checkSchema(items, `${at}.items`);
}

function checkMode(body: JsonObject): Complaint | null {
  const tool = isObject(body.toolConfig) ? body.toolConfig.functionCallingConfig : undefined;
  if (!isObject(tool)) return null;
  const { mode, allowedFunctionNames: names } = tool;
  if (mode !== undefined && !MODES.includes(String(mode))) {
    return wrong('tool_config', `Invalid value at 'tool_config.function_calling_config.mode'`);
  }
  if (!Array.isArray(names) || names.length === 0) return null;
  if (mode !== 'ANY' && mode !== 'VALIDATED') {
    const rule = 'allowed_function_names should only be set when function calling mode is ANY.';
    return wrong('tool_config', rule);
  }
  const made = objectsOf(body.tools)
    .flatMap(({ functionDeclarations: list }) => objectsOf(list))
    .map(({ name }) => name);
  const lost = names.find((name) => !made.includes(name));
  return lost === undefined
    ? null
    : wrong('tool_config', `allowed_function_names: ${lost} is not among the declared functions.`);
}

function checkConfig(config: JsonObject): Complaint | null {
  const ranges: readonly (readonly [string, string, number, number])[] = [
    ['temperature', 'temperature', 0, 2],
    ['topP', 'top_p', 0, 1],
    ['topK', 'top_k', 1, 1_000],
    ['candidateCount', 'candidate_count', 1, CANDIDATES_MAX],
    ['maxOutputTokens', 'max_output_tokens', 1, 65_536],
  ];
  for (const [name, snake, low, high] of ranges) {
    const value = field(config, name);
    if (value === undefined) continue;
    const path = `GenerateContentRequest.generation_config.${snake}`;
    if (typeof value !== 'number') {
      return wrong(path, `Invalid value at 'generation_config.${snake}', ${JSON.stringify(value)}`);
    }
    if (value < low || value > high) {
      return wrong(path, `* ${path}: must be in the range [${low}, ${high}].`);
    }
  }
  const stops = field(config, 'stopSequences');
  if (Array.isArray(stops) && stops.length > STOPS_MAX) {
    const rule = `only up to ${STOPS_MAX} stop sequences are supported`;
    return wrong('stop_sequences', `* GenerateContentRequest.generation_config: ${rule}`);
  }
  return null;
}

function checkFormat(config: JsonObject): Complaint | null {
  const mime = field(config, 'responseMimeType') ?? 'text/plain';
  if (!MIMES.includes(String(mime))) {
    const detail = `* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are ${MIMES.map((one) => `\`${one}\``).join(', ')}.`;
    return wrong('response_mime_type', detail);
  }
  const own = field(config, 'responseSchema');
  const plain = field(config, 'responseJsonSchema');
  if (own !== undefined && plain !== undefined) {
    return wrong('response_schema', 'Only one of response_schema and response_json_schema.');
  }
  if ((own !== undefined || plain !== undefined) && mime === 'text/plain') {
    const rule =
      "Function calling or a response schema needs a response mime type: 'application/json'.";
    return wrong('response_mime_type', rule);
  }
  return checkSchema(own, 'generation_config.response_schema');
}

function checkThinking(config: JsonObject, model: string): Complaint | null {
  const thinking = config.thinkingConfig;
  if (!isObject(thinking)) return null;
  const { thinkingBudget: budget, thinkingLevel: level } = thinking;
  if (budget !== undefined && level !== undefined) {
    return wrong(
      'thinking_config',
      'You can only set only one of thinking budget and thinking level.',
    );
  }
  if (level !== undefined) {
    const levels = ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'];
    if (!levels.includes(String(level).toUpperCase())) {
      return wrong(
        'thinking_config',
        "Invalid value at 'generation_config.thinking_config.thinking_level'",
      );
    }
    if (/^gemini-(1|2)/.test(model)) {
      return wrong('thinking_config', 'Thinking level is not supported for this model.');
    }
  }
  return budget === undefined || typeof budget === 'number'
    ? null
    : wrong(
        'thinking_config',
        "Invalid value at 'generation_config.thinking_config.thinking_budget'",
      );
}
