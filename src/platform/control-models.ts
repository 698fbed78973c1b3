/** Models by the vendor's way to name them: a name, and a version beside it. */
import { z } from 'zod';
import { Fault } from '../kit/fault.ts';
import type { Routes } from '../relay/upstreams.ts';
import { action, names, pageOf, paging, shortText } from './control-shape.ts';

const VERSIONED = /^(.+)-(\d{6})$/;

interface ModelName {
  readonly name: string;
  /** Empty where the id has none. */
  readonly version: string;
}

/** `a-b-251228` is version 251228 of a-b. */
export function splitModel(id: string): ModelName {
  const read = VERSIONED.exec(id);
  return { name: read?.[1] ?? id, version: read?.[2] ?? '' };
}

/** The model's id in the catalogue; without a version, the newest. Fault: `model_not_found`. */
export function joinModel(routes: Routes, name: string, version: string | null): string {
  if (version !== null && version !== '') return routes.find(`${name}-${version}`).model.id;
  const newest = foundations(routes).find((foundation) => foundation.name === name);
  const id = newest === undefined ? name : idOf(newest);
  return routes.find(id).model.id;
}

interface Foundation {
  readonly name: string;
  readonly maker: string;
  /** Newest first. */
  readonly versions: readonly string[];
}

function idOf({ name, versions: [newest = ''] }: Foundation): string {
  return newest === '' ? name : `${name}-${newest}`;
}

/** Models that can be called here, each once, with its versions. */
function foundations(routes: Routes): readonly Foundation[] {
  const found = new Map<string, Foundation>();
  for (const { model } of routes.list()) {
    const { name, version } = splitModel(model.id);
    const versions = [...(found.get(name)?.versions ?? []), version];
    found.set(name, { name, maker: model.maker, versions: versions.sort().reverse() });
  }
  return [...found.values()];
}

export const listFoundationModels = action({
  schema: z.strictObject({
    ...paging,
    Filter: z.strictObject({ Name: shortText.optional(), Names: names.optional() }).default({}),
  }),
  writes: false,
  async run({ Filter, ...page }, _, { routes }) {
    const rows = foundations(routes).filter(
      ({ name }) =>
        (Filter.Name === undefined || name.includes(Filter.Name)) &&
        (Filter.Names === undefined || Filter.Names.includes(name)),
    );
    return pageOf(rows, page, ({ name, maker, versions }) => ({
      Name: name,
      DisplayName: name,
      VendorName: maker,
      PrimaryVersion: versions[0] ?? '',
      Versions: versions,
      AccessType: 'Public',
    }));
  },
});

/** A list of models by id. Fault: `wrong_parameter`. */
export function findModels(routes: Routes, ids: readonly string[], param: string) {
  return ids.map((id) => {
    try {
      return routes.find(id).model.id;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new Fault('wrong_parameter', { message: error.message, param });
    }
  });
}
