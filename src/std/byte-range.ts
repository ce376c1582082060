/** A range of a disk or of a file. */
export interface ByteRange {
  offset_bytes: number;
  length_bytes: number;
}
