/** Tokens over time. */
import { z } from 'zod';
import { Fault } from '../kit/fault.ts';
import type { UsagePoint } from '../storage/ports.ts';
import { action, names } from './control-shape.ts';

const STEP_S = 3_600;
const STEP_S_MIN = 60;
const POINTS_MAX = 1_500;
const TIME_S_MAX = 4_102_444_800;

const timeS = z.coerce.number().int().min(0).max(TIME_S_MAX);

export const getUsage = action({
  schema: z.strictObject({
    StartTime: timeS,
    EndTime: timeS,
    Interval: z.coerce.number().int().min(STEP_S_MIN).default(STEP_S),
    EndpointIds: names.optional(),
  }),
  writes: false,
  async run(input, accountId, deps) {
    const spanS = input.EndTime - input.StartTime;
    if (spanS <= 0) {
      throw new Fault('wrong_parameter', {
        message: 'EndTime must be after StartTime, both in seconds since 1970.',
        param: 'EndTime',
      });
    }
    if (spanS / input.Interval > POINTS_MAX) {
      throw new Fault('wrong_parameter', {
        message: `The span has more than ${POINTS_MAX} intervals. Take longer ones.`,
        param: 'Interval',
      });
    }
    const points = await deps.calls.usageOverTime({
      accountId,
      endpoints: input.EndpointIds ?? null,
      fromS: input.StartTime,
      untilS: input.EndTime,
      stepS: input.Interval,
    });
    return {
      UsageResults: [
        series('PromptTokens', points, (point) => point.inputTokens),
        series('CompletionTokens', points, (point) => point.outputTokens),
      ],
    };
  },
});

function series(
  name: string,
  points: readonly UsagePoint[],
  read: (point: UsagePoint) => number,
): object {
  const values = points.map((point) => ({ Timestamp: point.atS, Value: read(point) }));
  return { Name: name, MetricItems: [{ Values: values }] };
}
