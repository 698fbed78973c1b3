/** Requests that name what a vendor keeps: it must be the account's, and goes where that is. */
import type { WireRequest } from '../dialects/shape.ts';
import { Fault } from '../kit/fault.ts';
import { isObject, type Json } from '../kit/json.ts';
import type { ResourceRow, Resources } from '../storage/ports.ts';

/** Files that one request may name. */
const FILES_MAX = 100;
const NAMES_FILE = '"file_id"';

/**
 * The upstream that has all files which the request names; undefined where it names none. Faults:
 * `resource_not_found` for what is not the account's, `invalid_request` where no upstream has all.
 */
export async function pinToFiles(
  request: WireRequest,
  accountId: string,
  resources: Resources,
): Promise<string | undefined> {
  // A look at the text costs next to nothing, and most requests name no file.
  if (!request.text.includes(NAMES_FILE)) return undefined;
  const ids = new Set(listFileIds(request.body));
  if (ids.size > FILES_MAX) {
    throw new Fault('invalid_request', { message: `A request may name ${FILES_MAX} files.` });
  }
  let upstream: string | undefined;
  for (const id of ids) {
    const row = await resources.find({ id, accountId, kind: 'file' });
    if (row === undefined) throw noSuch('File', id);
    if (upstream !== undefined && upstream !== row.upstream) {
      throw new Fault('invalid_request', {
        message: 'The files of a request must be kept at the same vendor. Upload them anew.',
        param: 'file_id',
      });
    }
    upstream = row.upstream;
  }
  return upstream;
}

function listFileIds(value: Json): string[] {
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(listFileIds);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'file_id' && typeof inner === 'string' ? [inner] : listFileIds(inner),
  );
}

/** Not there, or another account's: the two are not told apart. */
function noSuch(what: 'File' | 'Context', id: string): Fault {
  return new Fault('resource_not_found', {
    message: `There is no ${what.toLowerCase()} ${id.slice(0, 100)} in this account.`,
    vendorCode: `NotFound.${what}`,
  });
}

/** Faults: `resource_not_found`, also where its time is over. */
export async function findOwn(
  resources: Resources,
  which: Pick<ResourceRow, 'id' | 'accountId' | 'kind'>,
  nowMs: number,
): Promise<ResourceRow> {
  const row = await resources.find(which);
  if (row !== undefined && row.expiresMs > nowMs) return row;
  throw noSuch(which.kind === 'file' ? 'File' : 'Context', which.id);
}
