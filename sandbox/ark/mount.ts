/** Ark's mount: chat as of all vendors, with files that its messages may name, and the rest. */
import { chatMount, chatService } from '../chat.ts';
import type { Complaint } from '../check.ts';
import { nowMs } from '../clock.ts';
import { type Mount, serveCall, type Visit } from '../service.ts';
import { ARK } from '../vendors.ts';
import { serveArk } from './door.ts';
import { checkFileIds } from './files.ts';
import { Refusal } from './refusal.ts';

const CHAT = chatService(ARK);

/** Chat, checked with what this sandbox keeps of files. */
function chatOf({ state }: Visit) {
  const check: typeof CHAT.check = (asked) => CHAT.check(asked) ?? filesOf(state.ark, asked.body);
  return { ...CHAT, check };
}

function filesOf(
  store: Visit['state']['ark'],
  body: Parameters<typeof checkFileIds>[1],
): Complaint | null {
  try {
    checkFileIds({ store, nowMs: nowMs() }, body);
    return null;
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    return { kind: 'invalid', param: 'file_id', detail: thrown.message };
  }
}

/** Places of Ark beside chat; everything else is as of any vendor. */
const REST = chatMount(ARK, {}, serveArk);

export const ARK_MOUNT: Mount = Object.freeze({
  ...REST,
  async serve(visit: Visit): Promise<void> {
    const isChat = visit.place === '/chat/completions' && visit.request.method === 'POST';
    return isChat ? serveCall(visit, chatOf(visit)) : REST.serve(visit);
  },
});
