/** Writes a request for a vendor of the same format: the caller's own text but for what differs. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { editFields, type FieldEdit } from '../../kit/splice.ts';
import { refuseFields, type TweakWish } from '../openai-chat/write.ts';
import type { WireRequest, WireTweaks, WriteWish, Written } from '../shape.ts';
import { isForeign, mayHoldForeign } from './seals.ts';

const SEALS = 'reasoning.encrypted_content';

/** Fault: `unsupported_parameter` for a field that the vendor refuses. */
export function writeRequest(request: WireRequest, wish: WriteWish): Written {
  const { body } = request;
  const edits = new Map<string, FieldEdit>();
  if (request.model !== wish.wireModel) edits.set('model', { value: wish.wireModel });
  // What is said here is kept here, so that any vendor can go on from it.
  if (body.store !== false) edits.set('store', { value: false });
  if (body.expire_at !== undefined) edits.set('expire_at', 'remove');
  const input = otherInput(request, wish.tweaks);
  if (input !== null) edits.set('input', { value: input });
  const dropped = checkTools(request, { ...wish, edits });
  const include = askForSeals(request);
  if (include !== null) edits.set('include', { value: include });
  const { tweaks } = wish;
  if (tweaks !== undefined) dropped.push(...refuseFields(request, { ...wish, edits }));
  for (const [field, value] of Object.entries(tweaks?.force ?? {})) edits.set(field, { value });
  return { text: editFields(request, edits), dropped };
}

/** Fault: `unsupported_parameter`. Answers the tools left out with the caller's leave. */
function checkTools({ body }: WireRequest, { tweaks, mayDrop, edits }: TweakWish): string[] {
  if (!Array.isArray(body.tools)) return [];
  const tools = body.tools as readonly Json[];
  const types = tweaks?.toolTypes;
  const isKnown = (tool: Json): boolean =>
    types === undefined || !isObject(tool) || types.includes(String(tool.type));
  const known = tools.filter(isKnown);
  const dropped = tools.flatMap((tool, at) => (isKnown(tool) ? [] : [`tools[${at}]`]));
  if (dropped[0] !== undefined && !mayDrop) {
    throw new Fault('unsupported_parameter', {
      message:
        `${dropped[0]}: this vendor takes tools of type ${types?.join(', ')}. ` +
        'Remove it, or send the header "x-gangway-drop: allow".',
      param: dropped[0],
    });
  }
  // Clients that have no tools say so, and not every vendor of this format takes that.
  if (known.length === 0) {
    edits.set('tools', 'remove');
    if (tools.length > 0 && body.tool_choice !== undefined) edits.set('tool_choice', 'remove');
  } else if (known.length < tools.length) edits.set('tools', { value: known });
  return dropped;
}

/** Without proofs that are not for this vendor, and with its names of roles; null: as it is. */
export function otherInput(
  { body, text }: WireRequest,
  tweaks: WireTweaks | undefined,
): Json | null {
  if (!Array.isArray(body.input)) return null;
  const items = body.input as readonly Json[];
  const { roles = {} } = tweaks ?? {};
  const isRenamed = (item: Json): item is JsonObject =>
    isObject(item) && Object.hasOwn(roles, String(item.role));
  const strips = mayHoldForeign(text) && items.some(isForeign);
  if (!strips && !items.some(isRenamed)) return null;
  return items
    .filter((item) => !strips || !isForeign(item))
    .map((item) => (isRenamed(item) ? { ...item, role: roles[String(item.role)] ?? '' } : item));
}

/**
 * A vendor that keeps nothing can only go on from its thoughts where they come back sealed. Only
 * models that reason take the wish, and only for them callers send `reasoning`.
 */
function askForSeals({ body }: WireRequest): readonly Json[] | null {
  if (!isObject(body.reasoning) || body.reasoning.effort === 'none') return null;
  const include = Array.isArray(body.include) ? (body.include as readonly Json[]) : [];
  return include.includes(SEALS) ? null : [...include, SEALS];
}
