/** Files that callers hand in at a vendor's own paths, as those paths show them. */
import type { Json, JsonObject } from '../kit/json.ts';

/** A file that a caller handed in. */
export interface NativeFile {
  readonly id: string;
  readonly name: string;
  readonly mime: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly metadata: JsonObject;
  readonly createdMs: number;
  readonly expiresMs: number;
  /** Where anybody who has it may fetch the file. */
  readonly link: string;
}

export interface FilesPlace {
  /** Where the list is asked for. */
  readonly link: string;
  /** The `cursor` of the next page; null: this is the last. */
  readonly next: string | null;
}

export interface NativeFiles {
  /** Below the mount: POST, and GET and DELETE of `/:id`. */
  readonly path: string;
  /** The part of the form that is the file. */
  readonly field: string;
  readonly write: (file: NativeFile) => Json;
  readonly writeList: (files: readonly NativeFile[], place: FilesPlace) => Json;
}
