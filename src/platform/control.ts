/** The control plane: actions by name, each checked and carried out for one account. */
import type { z } from 'zod';
import { Fault } from '../kit/fault.ts';
import * as endpoints from './control-endpoints.ts';
import * as keys from './control-keys.ts';
import { listFoundationModels } from './control-models.ts';
import type { Action, ControlDeps } from './control-shape.ts';
import { getUsage } from './control-usage.ts';

const VERSION = '2024-01-01';

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['GetApiKey', keys.getApiKey],
  ['CreateEndpoint', endpoints.createEndpoint],
  ['GetEndpoint', endpoints.getEndpoint],
  ['ListEndpoints', endpoints.listEndpoints],
  ['UpdateEndpoint', endpoints.updateEndpoint],
  ['StartEndpoint', endpoints.startEndpoint],
  ['StopEndpoint', endpoints.stopEndpoint],
  ['DeleteEndpoint', endpoints.deleteEndpoint],
  ['ListFoundationModels', listFoundationModels],
  ['GetUsage', getUsage],
  ['ListApiKeys', keys.listApiKeys],
  ['CreateApiKey', keys.createApiKey],
  ['DeleteApiKey', keys.deleteApiKey],
]);

interface ControlCall {
  readonly action: string;
  readonly version: string;
  readonly accountId: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly claimOnce: () => void;
}

export function makeControlPlane(deps: ControlDeps) {
  return {
    /** Faults: `unknown_action`, `missing_parameter`, `wrong_parameter`, and the action's own. */
    async run(call: ControlCall): Promise<object> {
      const found = call.version === VERSION ? ACTIONS.get(call.action) : undefined;
      if (found === undefined) {
        throw new Fault('unknown_action', {
          message: `There is no action "${call.action}" in version "${call.version}" here.`,
        });
      }
      const checked = found.schema.safeParse(call.parameters);
      if (!checked.success) throw toFault(checked.error, call.parameters);
      if (found.writes) call.claimOnce();
      return found.run(checked.data, call.accountId, deps);
    },
  };
}

function toFault(error: z.ZodError, parameters: unknown): Fault {
  const [issue] = error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const path = [...(issue?.path ?? []), ...unknown].map(String);
  const param = path.join('.').slice(0, 100);
  if (unknown.length === 0 && valueAt(parameters, path) === undefined) {
    return new Fault('missing_parameter', { message: `${param} is missing.`, param });
  }
  const why = unknown.length > 0 ? 'is not a parameter that is served here' : issue?.message;
  return new Fault('wrong_parameter', { message: `${param}: ${why}.`, param });
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined,
    root,
  );
}
