/** Writes a chat request for a vendor: the caller's own text but for what must differ. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { editFields, type FieldEdit } from '../../kit/splice.ts';
import type { WireRequest, WireTweaks, WriteWish, Written } from '../shape.ts';

/** Fault: `unsupported_parameter` for a field that the vendor refuses. */
export function writeRequest(request: WireRequest, wish: WriteWish): Written {
  const edits = new Map<string, FieldEdit>();
  if (request.model !== wish.wireModel) edits.set('model', { value: wish.wireModel });
  if (!wish.asksUsage) edits.set('stream_options', 'remove');
  else if (request.stream && !request.wantsUsage) {
    edits.set('stream_options', askForUsage(request));
  }
  const dropped = wish.tweaks === undefined ? [] : tweak(request, { ...wish, edits });
  return { text: editFields(request, edits), dropped };
}

/** Usage is always asked of the vendor; the watch hides it from callers who did not ask. */
function askForUsage(request: WireRequest): FieldEdit {
  const options = request.body.stream_options;
  return { value: { ...(isObject(options) ? options : {}), include_usage: true } };
}

export interface TweakWish extends WriteWish {
  readonly edits: Map<string, FieldEdit>;
}

export function tweak(request: WireRequest, wish: TweakWish): string[] {
  const { tweaks = {}, edits } = wish;
  const dropped = refuseFields(request, wish);
  for (const [ours, theirs] of Object.entries(tweaks.rename ?? {})) {
    const value = request.body[ours];
    if (value === undefined) continue;
    const other = request.body[theirs];
    const taken = other !== undefined && other !== null;
    if (!taken && value !== null) edits.set(theirs, 'remove');
    edits.set(ours, taken || value === null ? 'remove' : { name: theirs });
  }
  renameRoles(request, tweaks, edits);
  for (const [field, value] of Object.entries(tweaks.force ?? {})) edits.set(field, { value });
  return dropped;
}

/** Fault: `unsupported_parameter`. Answers what is left out with the caller's leave. */
export function refuseFields(request: WireRequest, wish: TweakWish): string[] {
  const dropped: string[] = [];
  for (const [field, why] of Object.entries(wish.tweaks?.refuse ?? {})) {
    const value = request.body[field];
    if (value === undefined) continue;
    if (value !== null && !wish.mayDrop) {
      throw new Fault('unsupported_parameter', {
        message: `${field}: ${why} Remove it, or send the header "x-gangway-drop: allow".`,
        param: field,
      });
    }
    if (value !== null) dropped.push(field);
    wish.edits.set(field, 'remove');
  }
  return dropped;
}

/** Messages are only written anew where one of them has such a role. */
function renameRoles(
  request: WireRequest,
  tweaks: WireTweaks,
  edits: Map<string, FieldEdit>,
): void {
  const { roles } = tweaks;
  if (roles === undefined) return;
  const messages = request.body.messages as readonly JsonObject[];
  if (!messages.some((message) => Object.hasOwn(roles, String(message.role)))) return;
  const renamed = messages.map((message): Json => {
    const role = roles[String(message.role)];
    return role === undefined ? message : { ...message, role };
  });
  edits.set('messages', { value: renamed });
}
