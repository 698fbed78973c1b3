/** Joins what slow jobs need: engine, desk, routes. */

import { nativeRoutes } from '../edge/native-tasks.ts';
import type { RelayEdge } from '../edge/relayed.ts';
import { callerOf, type Route, type Visit } from '../edge/routes.ts';
import { type TaskEdge, taskRoutes } from '../edge/tasks.ts';
import { systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import type { RelayDeps } from '../relay/call.ts';
import { isEndpointId } from '../relay/endpoints.ts';
import { type DeskDeps, makeDesk } from '../tasks/desk.ts';
import { listDoors } from '../tasks/doors.ts';
import { startEngine } from '../tasks/engine.ts';
import type { TaskRoutes } from '../tasks/routes.ts';
import { makeWaiters } from '../tasks/waiters.ts';
import { VENDORS } from '../vendors/index.ts';
import type { Booted } from './boot.ts';

export interface TaskParts {
  readonly booted: Booted;
  readonly relay: RelayDeps;
  readonly edge: RelayEdge;
  readonly routes: TaskRoutes;
  readonly masterKey: Uint8Array;
}

export async function startTasks(parts: TaskParts) {
  const { booted, relay } = parts;
  const { settings, store, log } = booted;
  const clock = systemClock;
  // This process holds the lock of the data, so nobody else can hold a lease.
  const left = await store.tasks.clearLeases();
  if (left > 0) log.info('tasks that an earlier process had in hand go on', { tasks: left });
  const waiters = makeWaiters(clock);
  const deps: Omit<DeskDeps, 'engine'> = {
    clock,
    random: relay.random,
    outbound: relay.outbound,
    prove: (upstream, ask) => relay.credentials.prove(upstream, ask),
    routes: parts.routes,
    tasks: store.tasks,
    ledger: store.ledger,
    log,
    settings: {
      publicUrl: settings.public_url?.replace(/\/+$/, '') ?? null,
      submitWaitMs: settings.tasks.submit_wait_ms,
      connectMs: settings.timeouts.connect_ms,
      requestMs: settings.tasks.request_ms,
      openMax: settings.tasks.open_max,
      sureAfterMs: settings.tasks.sure_after_ms,
      pacePercent: settings.tasks.pace_percent,
    },
    keep: null,
    changed: (id) => waiters.changed(id),
    waiters,
    discard: async () => undefined,
  };
  const engine = startEngine(deps);
  const desk = makeDesk({ ...deps, engine });
  const edge = taskEdge(parts, desk);
  const routes: readonly Route[] = [
    ...taskRoutes(edge),
    ...nativeRoutes(listDoors(Object.values(VENDORS)), edge),
  ];
  return { routes, stop: () => engine.stop() };
}

function taskEdge({ relay, edge }: TaskParts, desk: TaskEdge['desk']): TaskEdge {
  return {
    ...edge,
    desk,
    linkOf: () => (task, index) => task.doc.outputs[index]?.url ?? null,
    async resolve(name, accountId) {
      if (!isEndpointId(name)) return { model: name, endpoint: null };
      const endpoint = await relay.endpoints.find(name, accountId);
      if (endpoint === null) return { model: name, endpoint: null };
      if (endpoint.state === 'Stopped') throw new Fault('endpoint_stopped', { param: 'model' });
      return { model: endpoint.model, endpoint: endpoint.id };
    },
    async admit(visit: Visit) {
      const admission = await edge.limits.admit(callerOf(visit).key, 0);
      admission.leave(0);
    },
  };
}
