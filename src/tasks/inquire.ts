/** Questions to a vendor that begin no job: answered at once, kept nowhere, charged to nobody. */
import { Fault } from '../kit/fault.ts';
import type { OutboundReply } from '../kit/fetch.ts';
import type { Ask, Reply } from '../vendors/long.ts';
import { shownStatus } from '../vendors/refusal.ts';
import type { TaskDeps } from './deps.ts';
import type { Way } from './routes.ts';
import { type Heard, send, urlOf } from './wire.ts';
import type { TaskCaller } from './wish.ts';

type Place = Pick<Way, 'upstream' | 'service'>;

export interface Asker {
  /** Whose upstreams are asked: those that do this model's jobs. */
  readonly model: string;
  readonly vendor: string;
  readonly caller: TaskCaller;
}

/** Asked of one after the other, until one answers. */
export async function inquireOf(
  { model: named, vendor, caller }: Asker,
  ask: Ask,
  deps: TaskDeps,
): Promise<Reply> {
  const { model, ways } = deps.routes.find(named, vendor);
  if (caller.models?.has(model.id) === false) {
    throw new Fault('model_not_allowed', { param: 'model' });
  }
  // What has no price is for unlimited accounts only, and so is what helps to use it.
  const open = caller.unlimited ? ways : ways.filter(({ price }) => price !== null);
  if (open.length === 0) throw new Fault('no_price', { param: 'model' });
  let last: Heard | null = null;
  for (const way of open) {
    last = await send(way, ask, deps);
    if (last.kind === 'reply' || (last.kind === 'refused' && last.cause === 'caller')) break;
  }
  return answered(last);
}

/** Asked where the job is that it is about. */
export async function inquireAt(place: Place, ask: Ask, deps: TaskDeps): Promise<Reply> {
  return answered(await send(place, ask, deps));
}

function answered(heard: Heard | null): Reply {
  if (heard?.kind === 'reply') return heard.reply;
  if (heard?.kind !== 'refused') throw new Fault('vendor_unreachable');
  const { cause, code, message, status } = heard;
  if (status === 404) throw new Fault('resource_not_found');
  if (cause === 'busy') throw new Fault('vendor_busy', { retryAfterS: 10 });
  if (cause === 'down') throw new Fault('vendor_error');
  if (cause !== 'caller') throw new Fault('vendor_refused_us');
  const more = code === null ? {} : { vendorCode: code };
  throw new Fault('vendor_rejected', { message, status: shownStatus(status), ...more });
}

/**
 * What the vendor streams of a job; null where it cannot be had. No credential goes with it: such
 * addresses carry their own proof.
 */
export async function listen(
  place: Place,
  { url, signal }: { readonly url: string; readonly signal: AbortSignal },
  deps: TaskDeps,
): Promise<OutboundReply | null> {
  const known = urlOf(place, url);
  if (known === null) return null;
  const headers = { accept: 'text/event-stream', 'accept-encoding': 'identity' };
  const { connectMs } = deps.settings;
  try {
    const wire = { url: known, method: 'GET', headers, body: null, signal, connectMs } as const;
    const reply = await deps.outbound(wire);
    if (reply.status === 200) return reply;
    reply.close();
  } catch (error) {
    deps.log.info('a stream could not be opened', { error });
  }
  return null;
}
