/** What witnesses said of this log's checkpoints. Append-only, as the log is: a cosignature that was given cannot be taken back. */
export const cosignaturesMigration = `
create table audit_cosignatures (
  size integer not null,
  witness text not null,
  line text not null,
  primary key (size, witness)
) strict, without rowid;

create trigger audit_cosignatures_never_updated before update on audit_cosignatures
begin select raise(abort, 'audit_cosignatures is append-only: update refused'); end;
create trigger audit_cosignatures_never_deleted before delete on audit_cosignatures
begin select raise(abort, 'audit_cosignatures is append-only: delete refused'); end;
`
