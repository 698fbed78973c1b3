/** Checks the turns of a Messages request: order, blocks, calls and their results, signatures. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Complaint, missing } from '../check.ts';
import { objectsOf, strangeMember, wrong } from '../complain.ts';
import { isSigned } from './sign.ts';

const USER_BLOCKS = [
  ...['text', 'image', 'document', 'tool_result', 'search_result', 'container_upload'],
];
const ASSISTANT_BLOCKS = [
  ...['text', 'thinking', 'redacted_thinking', 'tool_use', 'server_tool_use'],
  ...['web_search_tool_result', 'document'],
];
const BLOCK_FIELDS: Readonly<Record<string, readonly string[]>> = {
  text: ['type', 'text', 'cache_control', 'citations'],
  image: ['type', 'source', 'cache_control', 'transformations'],
  document: ['type', 'source', 'cache_control', 'citations', 'context', 'title'],
  tool_use: ['type', 'id', 'name', 'input', 'cache_control', 'caller'],
  tool_result: ['type', 'tool_use_id', 'content', 'is_error', 'cache_control'],
  thinking: ['type', 'thinking', 'signature'],
  redacted_thinking: ['type', 'data'],
};
const MEDIA = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];
/** Models that take no start of their own answer. */
const NO_PREFILL = /^claude-(opus|sonnet)-(4-[6-9]|[5-9])|^claude-(fable|mythos)/;

export function checkMessages(body: JsonObject, version: string): Complaint | null {
  const { messages } = body;
  if (messages === undefined || messages === null) return missing('messages');
  if (!Array.isArray(messages)) {
    return wrong('messages', 'messages: Input should be a valid list');
  }
  if (messages.length === 0) {
    return wrong('messages', 'messages: at least one message is required');
  }
  for (const [index, message] of messages.entries()) {
    const complaint = checkTurn(message, { index, version, last: messages.length - 1 });
    if (complaint !== null) return complaint;
  }
  const turns = messages.filter(isObject);
  if (turns[0]?.role !== 'user') {
    return wrong('messages', 'messages: first message must use the "user" role');
  }
  return checkPairs(turns) ?? checkEnd(turns, String(body.model));
}

interface Seat {
  readonly index: number;
  readonly last: number;
  readonly version: string;
}

function checkTurn(message: Json, seat: Seat): Complaint | null {
  const at = `messages.${seat.index}`;
  if (!isObject(message)) return wrong(at, `${at}: Input should be a valid dictionary`);
  const { role, content } = message;
  if (role === undefined) return missing(`${at}.role`);
  if (role !== 'user' && role !== 'assistant' && role !== 'system') {
    const rule = "Input should be 'user', 'assistant' or 'system'";
    return wrong(`${at}.role`, `${at}.role: ${rule}`);
  }
  const strange = strangeMember(message, ['role', 'content']);
  if (strange !== null) return { kind: 'unsupported', param: `${at}.${strange}`, detail: '' };
  if (content === undefined || content === null) return missing(`${at}.content`);
  const mayBeEmpty = role === 'assistant' && seat.index === seat.last;
  if (!mayBeEmpty && (content === '' || (Array.isArray(content) && content.length === 0))) {
    const rule =
      'all messages must have non-empty content except for the optional final assistant message';
    return wrong(at, `${at}: ${rule}`);
  }
  if (typeof content === 'string') return null;
  if (!Array.isArray(content)) {
    return wrong(`${at}.content`, `${at}.content: Input should be a valid list`);
  }
  for (const [place, block] of content.entries()) {
    const spot = { at: `${at}.content.${place}`, role, version: seat.version };
    const complaint = checkBlock(block, spot);
    if (complaint !== null) return complaint;
  }
  return null;
}

interface Spot {
  readonly at: string;
  readonly role: string;
  readonly version: string;
}

function checkBlock(block: Json, spot: Spot): Complaint | null {
  const { at, role, version } = spot;
  if (!isObject(block) || typeof block.type !== 'string') return missing(`${at}.type`);
  const { type } = block;
  const allowed =
    role === 'assistant' ? ASSISTANT_BLOCKS : role === 'system' ? ['text'] : USER_BLOCKS;
  const isNew = version !== '2023-06-01';
  if (!allowed.includes(type) || (isNew && role === 'assistant' && type === 'document')) {
    const tags = allowed.map((one) => `'${one}'`).join(', ');
    const found = `Input tag '${type}' found using 'type'`;
    return wrong(at, `${at}: ${found} does not match any of the expected tags: ${tags}`);
  }
  const fields = BLOCK_FIELDS[type];
  const strange = fields === undefined ? null : strangeMember(block, fields);
  if (strange !== null) {
    return { kind: 'unsupported', param: `${at}.${type}.${strange}`, detail: '' };
  }
  if (isNew && role === 'user' && type === 'text' && objectsOf(block.citations).length > 0) {
    return { kind: 'unsupported', param: `${at}.text.citations`, detail: '' };
  }
  return checkKind(block, spot);
}

function checkKind(block: JsonObject, { at }: Spot): Complaint | null {
  switch (block.type) {
    case 'text':
      if (typeof block.text !== 'string') return missing(`${at}.text.text`);
      return block.text === ''
        ? wrong(at, 'messages: text content blocks must be non-empty')
        : null;
    case 'image':
    case 'document':
      return checkSource(block, `${at}.${block.type}.source`);
    case 'tool_use':
      if (typeof block.id !== 'string') return missing(`${at}.tool_use.id`);
      if (!/^[a-zA-Z0-9_-]+$/.test(block.id)) {
        const rule = "String should match pattern '^[a-zA-Z0-9_-]+$'";
        return wrong(at, `${at}.tool_use.id: ${rule}`);
      }
      if (typeof block.name !== 'string') return missing(`${at}.tool_use.name`);
      return isObject(block.input)
        ? null
        : wrong(at, `${at}.tool_use.input: Input should be a valid dictionary`);
    case 'tool_result':
      return checkResult(block, at);
    case 'thinking':
      if (typeof block.thinking !== 'string') return missing(`${at}.thinking.thinking`);
      if (typeof block.signature !== 'string') return missing(`${at}.thinking.signature`);
      return isSigned(block.thinking, block.signature)
        ? null
        : wrong(at, `${at}: Invalid \`signature\` in \`thinking\` block`);
    default:
      return null;
  }
}

function checkResult(block: JsonObject, at: string): Complaint | null {
  if (typeof block.tool_use_id !== 'string') return missing(`${at}.tool_result.tool_use_id`);
  for (const [index, part] of objectsOf(block.content).entries()) {
    if (part.type === 'text' && part.text === '') {
      return wrong(at, 'messages: text content blocks must be non-empty');
    }
    const isImage = part.type === 'image' || part.type === 'document';
    const place = `${at}.tool_result.content.${index}.${part.type}.source`;
    const complaint = isImage ? checkSource(part, place) : null;
    if (complaint !== null) return complaint;
  }
  return null;
}

function checkSource(block: JsonObject, at: string): Complaint | null {
  const { source } = block;
  if (!isObject(source)) return missing(at);
  const kinds =
    block.type === 'image'
      ? ['base64', 'url', 'file']
      : ['base64', 'url', 'file', 'text', 'content'];
  if (!kinds.includes(String(source.type))) {
    const tags = kinds.map((one) => `'${one}'`).join(', ');
    return wrong(at, `${at}: Input tag does not match any of the expected tags: ${tags}`);
  }
  if (source.type === 'url') {
    return typeof source.url === 'string' && /^https?:\/\//.test(source.url)
      ? null
      : wrong(at, `${at}.url.url: Only HTTPS URLs are supported.`);
  }
  if (source.type === 'file') return typeof source.file_id === 'string' ? null : missing(at);
  if (source.type !== 'base64') return null;
  const media = block.type === 'image' ? MEDIA : ['application/pdf'];
  if (!media.includes(String(source.media_type))) {
    const rule = `Input should be ${media.map((one) => `'${one}'`).join(' or ')}`;
    return wrong(at, `${at}.base64.media_type: ${rule}`);
  }
  return typeof source.data === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(source.data)
    ? null
    : wrong(at, `${at}.base64: invalid base64 data`);
}

interface Joined {
  readonly role: string;
  readonly blocks: JsonObject[];
  readonly index: number;
}

/** Turns of one role on end are one turn; a call is answered in the very next one. */
function checkPairs(turns: readonly JsonObject[]): Complaint | null {
  const joined: Joined[] = [];
  for (const [index, { role, content }] of turns.entries()) {
    if (role === 'system') continue;
    const last = joined.at(-1);
    if (last !== undefined && last.role === role) last.blocks.push(...objectsOf(content));
    else joined.push({ role: String(role), blocks: objectsOf(content), index });
  }
  for (const [place, turn] of joined.entries()) {
    const made = callsOf(joined[place - 1]?.blocks ?? []);
    const results = turn.blocks.filter(({ type }) => type === 'tool_result');
    const at = `messages.${turn.index}`;
    const stray = results.find(({ tool_use_id: id }) => !made.includes(String(id)));
    if (stray !== undefined) {
      const detail =
        `${at}.content.${turn.blocks.indexOf(stray)}: unexpected \`tool_use_id\` found in ` +
        `\`tool_result\` blocks: ${stray.tool_use_id}. Each \`tool_result\` block must have a ` +
        'corresponding `tool_use` block in the previous message.';
      return wrong(at, detail);
    }
    const answered = results.map(({ tool_use_id: id }) => String(id));
    const open = made.filter((id) => !answered.includes(id));
    if (place > 0 && open.length > 0) return openCalls(joined[place - 1]!.index, open);
  }
  const end = joined.at(-1);
  const open = end?.role === 'assistant' ? callsOf(end.blocks) : [];
  return open.length > 0 ? openCalls(end!.index, open) : null;
}

function openCalls(index: number, ids: readonly string[]): Complaint {
  const detail =
    `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately ` +
    `after: ${ids.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` ` +
    'block in the next message.';
  return wrong(`messages.${index}`, detail);
}

function callsOf(blocks: readonly JsonObject[]): string[] {
  return blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => String(id));
}

function checkEnd(turns: readonly JsonObject[], model: string): Complaint | null {
  const end = turns.at(-1);
  if (end?.role !== 'assistant') return null;
  if (NO_PREFILL.test(model)) {
    const detail =
      'This model does not support assistant message prefill. The conversation must end with a ' +
      'user message.';
    return wrong('messages', detail);
  }
  const text =
    typeof end.content === 'string'
      ? end.content
      : String(objectsOf(end.content).at(-1)?.text ?? '');
  return /\s$/.test(text)
    ? wrong('messages', 'messages: final assistant content cannot end with trailing whitespace')
    : null;
}
