/** A task as a row of the database. */
import type { Selectable } from 'kysely';
import type { TaskRow } from './ports/tasks.ts';
import type { TasksTable } from './schema.ts';

export function writeTask(row: TaskRow): TasksTable {
  return {
    id: row.id,
    account_id: row.accountId,
    key_id: row.keyId,
    call_id: row.callId,
    mount: row.mount,
    native_id: row.nativeId,
    kind: row.kind,
    model: row.model,
    upstream: row.upstream,
    vendor_id: row.vendorId,
    phase: row.phase,
    state: row.state,
    cancel_asked: row.cancelAsked ? 1 : 0,
    created_ms: row.createdMs,
    ended_ms: row.endedMs,
    next_ms: row.nextMs,
    lease_until_ms: row.leaseUntilMs,
    lease_no: row.leaseNo,
    repeat_key: row.repeatKey,
    own_name: row.ownName,
    asked: row.asked,
    unheard: row.unheard ? 1 : 0,
    token: row.token,
    events: row.events,
    told: row.told,
    job: row.job,
    doc: row.doc,
    body: row.body,
    saves: 0,
  };
}

export function readTask(row: Selectable<TasksTable>): TaskRow {
  return {
    id: row.id,
    accountId: row.account_id,
    keyId: row.key_id,
    callId: row.call_id,
    mount: row.mount,
    nativeId: row.native_id,
    kind: row.kind,
    model: row.model,
    upstream: row.upstream,
    vendorId: row.vendor_id,
    phase: row.phase as TaskRow['phase'],
    state: row.state as TaskRow['state'],
    cancelAsked: row.cancel_asked === 1,
    createdMs: Number(row.created_ms),
    endedMs: row.ended_ms === null ? null : Number(row.ended_ms),
    nextMs: Number(row.next_ms),
    leaseUntilMs: Number(row.lease_until_ms),
    leaseNo: row.lease_no,
    repeatKey: row.repeat_key,
    ownName: row.own_name,
    asked: row.asked,
    unheard: row.unheard === 1,
    token: row.token,
    events: row.events,
    told: row.told,
    job: row.job,
    doc: row.doc,
    body: row.body,
  };
}
