/** What witnesses need of a store: their cosignatures, kept beside the checkpoints and apart from them. */
export interface CosignatureStore {
  /** Keeps the first line of a witness for a size; a second one says nothing new. */
  keep(cosignature: Cosignature): Promise<void>
  /** Those of checkpoints whose size is above `after` and at most `through`, smallest first. */
  readCosignatures(range: { readonly after: number; readonly through: number }): Promise<readonly Cosignature[]>
}

export interface Cosignature {
  /** Of the checkpoint. */
  readonly size: number
  /** The witness's key as `name+id+key`. */
  readonly witness: string
  /** The signature line of the note, its line feed included. */
  readonly line: string
}
