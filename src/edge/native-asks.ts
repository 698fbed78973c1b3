/** Vendors' own paths that begin no job: questions to the vendor, and a job's first result. */
import { Fault } from '../kit/fault.ts';
import type { Files } from '../storage/ports.ts';
import type { NativeAsk, NativeDoor, NativeRoute } from '../tasks/doors.ts';
import { serveOutput } from './results.ts';
import type { Visit } from './routes.ts';
import { refOf, type TaskEdge, taskCaller } from './tasks.ts';

export interface AskPlace {
  readonly visit: Visit;
  readonly door: NativeDoor;
  readonly edge: TaskEdge & { readonly files: Pick<Files, 'read'> };
}

type Of<Does extends string> = Extract<NativeRoute, { does: Does }>;

export async function inquire(
  one: Of<'inquire'>,
  ask: NativeAsk,
  { visit, door, edge }: AskPlace,
): Promise<Response> {
  await edge.admit(visit);
  const about = refOf(visit, door.native.mount);
  const reply = await edge.desk.inquire({ about, ask: (task) => one.ask(ask, task) });
  return Response.json(one.write(reply));
}

export async function consult(
  one: Of<'consult'>,
  ask: NativeAsk,
  { visit, door, edge }: AskPlace,
): Promise<Response> {
  await edge.admit(visit);
  const of = { model: one.model, vendor: door.vendor, caller: taskCaller(visit) };
  return Response.json(one.write(await edge.desk.inquire({ of, ask: one.ask(ask) })));
}

export async function sendFile(
  { type }: Of<'file'>,
  { visit, door, edge }: AskPlace,
): Promise<Response> {
  const task = await edge.desk.find(refOf(visit, door.native.mount));
  const index = task.doc.outputs.findIndex((output) => output.type === type);
  if (index < 0) {
    throw new Fault('resource_not_found', { message: `This task has no ${type} (yet).` });
  }
  return serveOutput(task, index, { visit, files: edge.files });
}
