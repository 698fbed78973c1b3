/** The vendors' own paths that are served here, as the edge may know them. */
import type { Native } from '../vendors/native.ts';
import type { Vendor } from '../vendors/shape.ts';

export type {
  NativeAsk,
  NativeFault,
  NativeRoute,
  NativeView,
} from '../vendors/native.ts';
export type { NativeFile, NativeFiles } from '../vendors/native-files.ts';

/** One vendor's own paths. */
export interface NativeDoor {
  readonly vendor: string;
  readonly native: Native;
}

export function listDoors(vendors: readonly Vendor[]): readonly NativeDoor[] {
  return vendors.flatMap(({ id, long = [] }) =>
    long.flatMap(({ native }) => (native === undefined ? [] : [{ vendor: id, native }])),
  );
}
