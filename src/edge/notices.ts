/** /v1/notices/balance-low: below what an account is told that its money runs out. */
import { z } from 'zod';
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { parseBody } from '../dialects/openai-chat/request.ts';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { formatMoney, parseMoney } from '../kit/money.ts';
import type { Alarms } from '../storage/ports.ts';
import { setBalanceMark } from '../tasks/watch.ts';
import { type BodyReader, readBody } from './body.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';

export interface NoticeEdge extends BodyReader {
  readonly alarms: Alarms;
  readonly clock: Clock;
  readonly currency: string;
  /** Of limited accounts that have no mark of their own; null: none. */
  readonly balanceBelow: bigint | null;
}

const PATH = '/v1/notices/balance-low';
const wish = z.strictObject({ below: z.string().max(40).nullable() });

/** null: nothing is told, whatever the operator's default is. */
type Mark = bigint | null | undefined;

export function noticeRoutes(edge: NoticeEdge): readonly Route[] {
  const at = (method: Route['method'], mark: (visit: Visit) => Promise<Mark>): Route =>
    route({
      method,
      path: PATH,
      access: 'caller',
      async handle(visit) {
        return Response.json(show(await mark(visit), edge));
      },
      writeFault,
    });
  const accountOf = (visit: Visit): string => callerOf(visit).key.accountId;
  return [
    at('GET', (visit) => edge.alarms.mark(accountOf(visit))),
    at('POST', async (visit) => {
      const below = await readMark(visit, edge);
      await setBalanceMark(accountOf(visit), below, edge);
      return below;
    }),
    at('DELETE', async (visit) => {
      await setBalanceMark(accountOf(visit), undefined, edge);
      return undefined;
    }),
  ];
}

function show(mark: Mark, { balanceBelow, currency }: NoticeEdge) {
  const below = mark === undefined ? balanceBelow : mark;
  return {
    object: 'notice.balance_low',
    below: below === null ? null : formatMoney(below),
    currency,
    set_by: mark === undefined ? 'operator' : 'account',
  };
}

async function readMark(visit: Visit, edge: NoticeEdge): Promise<bigint | null> {
  const { text } = await readBody(visit.request, edge.bodyLimits, edge.deadlines);
  const parsed = wish.safeParse(parseBody(text).body);
  const said = parsed.success ? parsed.data.below : undefined;
  if (said === null) return null;
  const below = said === undefined ? undefined : parseMoney(said);
  if (below !== undefined && below >= 0n) return below;
  throw new Fault('invalid_request', {
    message: 'below must be an amount in quotes, such as "12.50", or null for no notice.',
    param: 'below',
  });
}
