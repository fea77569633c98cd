/** Why an update is not taken, in words for whoever offered it. */

export type RefusalCode =
  /** Not what we could read, whoever made it. */
  | 'malformed'
  /** Signed by nobody whom this image trusts. */
  | 'unknown_key'
  | 'revoked_key'
  /** The release key's certificate is not valid now. */
  | 'key_out_of_date'
  /** The signature does not fit what was signed. */
  | 'tampered'
  | 'expired'
  | 'not_yet_valid'
  | 'wrong_architecture'
  | 'same_version'
  | 'downgrade'
  | 'below_floor'
  /** The data on this box is not for that release. */
  | 'data'
  /** It was tried, and taken back. */
  | 'failed_before'
  /** A file is missing, too short, too long, no plain file, or not the one that was signed. */
  | 'wrong_file'
  /** On the data partition. */
  | 'no_room';

/** The update changes nothing; `code` is what callers and the journal tell it by. */
export class RefusedUpdateError extends Error {
  override readonly name = 'RefusedUpdateError';
  readonly code: RefusalCode;
  constructor(code: RefusalCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
