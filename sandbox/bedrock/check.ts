/**
 * Checks a Converse request as Bedrock does.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (read 2026-11)
 */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Complaint, field, first } from '../check.ts';
import { objectsOf, oddItem, strangeMember, wrong } from '../complain.ts';

const FIELDS = [
  ...['messages', 'system', 'inferenceConfig', 'toolConfig', 'guardrailConfig', 'promptVariables'],
  ...['additionalModelRequestFields', 'additionalModelResponseFieldPaths', 'requestMetadata'],
  ...['performanceConfig', 'serviceTier', 'outputConfig'],
];
const BLOCKS = [
  ...['text', 'image', 'document', 'video', 'audio', 'toolUse', 'toolResult', 'guardContent'],
  ...['cachePoint', 'reasoningContent', 'citationsContent', 'searchResult'],
];
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const STOPS_MAX = 2_500;

export function checkConverse(body: JsonObject): Complaint | null {
  return first([
    () => {
      const strange = strangeMember(body, FIELDS);
      return strange === null ? null : failed(strange, 'extraneous key is not permitted');
    },
    () => checkMessages(body),
    () => checkConfig(body),
    () => checkTools(body),
    () => checkSystem(body),
    () => checkOutput(body),
  ]);
}

function failed(at: string, why: string): Complaint {
  return wrong(
    at,
    `1 validation error detected: Value at '${at}' failed to satisfy constraint: ${why}`,
  );
}

function checkMessages(body: JsonObject): Complaint | null {
  const { messages } = body;
  if (!Array.isArray(messages) || messages.length === 0) {
    return wrong('messages', 'The messages field is required.');
  }
  const odd = oddItem(messages);
  if (odd >= 0) return failed(`messages.${odd + 1}.member`, 'Member must not be null');
  const turns = objectsOf(messages);
  for (const [index, turn] of turns.entries()) {
    const at = `messages.${index + 1}.member`;
    if (turn.role !== 'user' && turn.role !== 'assistant') {
      return failed(`${at}.role`, 'Member must satisfy enum value set: [user, assistant]');
    }
    const stray = oddItem(turn.content);
    if (stray >= 0) {
      return failed(`${at}.content.${stray + 1}.member`, 'Member must not be null');
    }
    const blocks = objectsOf(turn.content);
    if (blocks.length === 0) {
      return wrong(
        at,
        `The content field in the Message object at messages.${index} is empty. Add a ` +
          `ContentBlock object to the content field and try again.`,
      );
    }
    for (const [place, block] of blocks.entries()) {
      const complaint = checkBlock(block, `messages.${index}.content.${place}`);
      if (complaint !== null) return complaint;
    }
    if (index > 0 && turns[index - 1]!.role === turn.role) {
      return wrong(
        at,
        `A conversation must alternate between user and assistant roles. Make sure the ` +
          `conversation alternates between user and assistant roles and try again.`,
      );
    }
  }
  if (turns[0]!.role !== 'user') {
    return wrong(
      'messages',
      'A conversation must start with a user message. Try again with a conversation ' +
        'that starts with a user message.',
    );
  }
  return checkPairs(turns);
}

function checkBlock(block: JsonObject, at: string): Complaint | null {
  const held = Object.keys(block);
  const [kind = ''] = held;
  if (held.length !== 1 || !BLOCKS.includes(kind)) {
    return failed(at, 'Member must have exactly one of the members of ContentBlock');
  }
  const value = block[kind];
  if (kind === 'text') {
    if (typeof value !== 'string') return failed(`${at}.text`, 'Member must be a string');
    const why =
      `The text field in the ContentBlock object at ${at} is blank. Add text to the ` +
      `text field, and try again.`;
    return value.trim() === '' ? wrong(at, why) : null;
  }
  if (!isObject(value)) return failed(`${at}.${kind}`, 'Member must be a structure');
  if (kind === 'image') return checkImage(value, `${at}.image`);
  if (kind === 'toolUse') {
    const fits = typeof value.toolUseId === 'string' && typeof value.name === 'string';
    if (!fits) return failed(`${at}.toolUse`, 'Member must have toolUseId and name');
    return isObject(value.input)
      ? null
      : wrong(
          at,
          `The format of the value at ${at}.toolUse.input is invalid. Provide a json ` +
            `object for the field and try again.`,
        );
  }
  if (kind !== 'toolResult') return null;
  if (typeof value.toolUseId !== 'string')
    return failed(`${at}.toolResult.toolUseId`, 'Member must not be null');
  return Array.isArray(value.content)
    ? null
    : failed(`${at}.toolResult.content`, 'Member must not be null');
}

function checkImage(image: JsonObject, at: string): Complaint | null {
  if (!['png', 'jpeg', 'gif', 'webp'].includes(String(image.format))) {
    return failed(`${at}.format`, 'Member must satisfy enum value set: [gif, jpeg, png, webp]');
  }
  const source = isObject(image.source) ? image.source : {};
  const isBytes = typeof source.bytes === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(source.bytes);
  return isBytes || isObject(source.s3Location)
    ? null
    : failed(`${at}.source`, 'Member must have bytes or s3Location');
}

function checkPairs(turns: readonly JsonObject[]): Complaint | null {
  for (const [index, turn] of turns.entries()) {
    const made = idsOf(turns[index - 1], 'toolUse');
    const answered = idsOf(turn, 'toolResult');
    if (answered.length > made.length) {
      return wrong(
        'messages',
        `The number of toolResult blocks at messages.${index}.content exceeds the ` +
          `number of toolUse blocks of previous turn.`,
      );
    }
    const lost = made.filter((id) => !answered.includes(id));
    if (lost.length > 0) {
      return wrong(
        'messages',
        `Expected toolResult blocks at messages.${index}.content for the following ` +
          `Ids: ${lost.join(', ')}`,
      );
    }
  }
  return null;
}

function idsOf(turn: JsonObject | undefined, kind: string): string[] {
  return objectsOf(turn?.content).flatMap((block) => {
    const inner = block[kind];
    return isObject(inner) ? [String(inner.toolUseId)] : [];
  });
}

function checkConfig(body: JsonObject): Complaint | null {
  const config = field(body, 'inferenceConfig');
  if (config === undefined) return null;
  if (!isObject(config)) return failed('inferenceConfig', 'Member must be a structure');
  const strange = strangeMember(config, ['maxTokens', 'temperature', 'topP', 'stopSequences']);
  if (strange !== null)
    return failed(`inferenceConfig.${strange}`, 'extraneous key is not permitted');
  for (const [name, low, high] of [
    ['maxTokens', 1, Number.MAX_SAFE_INTEGER],
    ['temperature', 0, 1],
    ['topP', 0, 1],
  ] as const) {
    const value = field(config, name);
    if (value === undefined) continue;
    const fits = typeof value === 'number' && value >= low && value <= high;
    if (!fits)
      return failed(`inferenceConfig.${name}`, `Member must be between ${low} and ${high}`);
  }
  const stops = field(config, 'stopSequences');
  return Array.isArray(stops) && stops.length > STOPS_MAX
    ? failed(
        'inferenceConfig.stopSequences',
        `Member must have length less than or equal to ${STOPS_MAX}`,
      )
    : null;
}

function checkTools(body: JsonObject): Complaint | null {
  const config = field(body, 'toolConfig');
  const uses = objectsOf(body.messages).some((turn) =>
    objectsOf(turn.content).some(
      ({ toolUse, toolResult }) => (toolUse ?? toolResult) !== undefined,
    ),
  );
  if (config === undefined) {
    return uses
      ? wrong(
          'toolConfig',
          'The toolConfig field must be defined when using toolUse and toolResult content blocks.',
        )
      : null;
  }
  const listed = isObject(config) ? config.tools : undefined;
  if (oddItem(listed) >= 0) return failed('toolConfig.tools', 'Member must not be null');
  const tools = objectsOf(listed);
  if (tools.length === 0) {
    return failed('toolConfig.tools', 'Member must have length greater than or equal to 1');
  }
  for (const [index, { toolSpec: spec, cachePoint }] of tools.entries()) {
    if (cachePoint !== undefined) continue;
    const at = `toolConfig.tools.${index + 1}.member.toolSpec`;
    if (!isObject(spec)) return failed(at, 'Member must not be null');
    if (typeof spec.name !== 'string' || !TOOL_NAME.test(spec.name)) {
      return failed(`${at}.name`, 'Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+');
    }
    const schema = isObject(spec.inputSchema) ? spec.inputSchema.json : undefined;
    if (!isObject(schema) || schema.type !== 'object') {
      return wrong(
        at,
        `The value at toolConfig.tools.${index}.toolSpec.inputSchema.json.type must be ` +
          `one of the following: object.`,
      );
    }
  }
  const choice = isObject(config) ? field(config, 'toolChoice') : undefined;
  if (choice === undefined) return null;
  const [kind = ''] = isObject(choice) ? Object.keys(choice) : [];
  return ['auto', 'any', 'tool'].includes(kind)
    ? null
    : failed('toolConfig.toolChoice', 'Member must be one of auto, any, tool');
}

function checkSystem(body: JsonObject): Complaint | null {
  const system = field(body, 'system');
  if (system === undefined) return null;
  if (!Array.isArray(system)) return failed('system', 'Member must be a list');
  const blank = system.some((block: Json) => isObject(block) && block.text === '');
  return blank
    ? wrong('system', 'The text field in the SystemContentBlock object is blank.')
    : null;
}

function checkOutput(body: JsonObject): Complaint | null {
  const output = field(body, 'outputConfig');
  const format = isObject(output) ? output.textFormat : undefined;
  if (format === undefined) return null;
  const structure = isObject(format) ? format.structure : undefined;
  const named = isObject(structure) ? structure.jsonSchema : undefined;
  const schema = isObject(named) ? named.schema : undefined;
  return typeof schema === 'string'
    ? null
    : failed('outputConfig.textFormat.structure.jsonSchema.schema', 'Member must be a string');
}
