/**
 * Tables of the audit log. What makes it append-only stands here, so that it holds for every program that opens the file:
 * triggers refuse UPDATE and DELETE, and they refuse INSERT OR REPLACE too, which deletes without asking a delete trigger.
 * Somebody with the file in hand can drop a trigger; the checkpoints exist for that case.
 */
export const auditMigration = `
create table audit_entries (
  rowid integer primary key,
  id text not null unique,
  time_ms integer not null,
  task text,
  body text not null,
  leaf_hash blob not null check (length(leaf_hash) = 32)
) strict;
create index audit_entries_by_task on audit_entries (task) where task is not null;

create trigger audit_entries_never_replaced before insert on audit_entries
when exists (select 1 from audit_entries where id = new.id)
  or (new.rowid > 0 and new.rowid <= (select max(rowid) from audit_entries))
begin select raise(abort, 'audit_entries is append-only: this entry is there already'); end;
create trigger audit_entries_never_updated before update on audit_entries
begin select raise(abort, 'audit_entries is append-only: update refused'); end;
create trigger audit_entries_never_deleted before delete on audit_entries
begin select raise(abort, 'audit_entries is append-only: delete refused'); end;

create table audit_bodies (
  entry_rowid integer not null references audit_entries (rowid),
  name text not null,
  salt blob,
  content text,
  primary key (entry_rowid, name),
  check ((salt is null) = (content is null))
) strict, without rowid;

create trigger audit_bodies_never_replaced before insert on audit_bodies
when exists (select 1 from audit_bodies where entry_rowid = new.entry_rowid and name = new.name)
begin select raise(abort, 'audit_bodies: this body is there already'); end;
create trigger audit_bodies_only_erased before update on audit_bodies
when new.content is not null or new.salt is not null or old.content is null
  or new.entry_rowid <> old.entry_rowid or new.name <> old.name
begin select raise(abort, 'audit_bodies can only be erased: set salt and content to null'); end;
create trigger audit_bodies_never_deleted before delete on audit_bodies
begin select raise(abort, 'audit_bodies can only be erased: delete refused'); end;

create table audit_index (
  log_index integer primary key,
  entry_rowid integer not null unique references audit_entries (rowid)
) strict;

-- One writer at a time makes row ids grow in the order of commits, so the index has no gap and never turns back.
create trigger audit_index_only_grows before insert on audit_index
when new.log_index <> (select coalesce(max(log_index) + 1, 0) from audit_index)
  or new.entry_rowid <= (select coalesce(max(entry_rowid), 0) from audit_index)
begin select raise(abort, 'audit_index is append-only: the next index and a newer entry are needed'); end;
create trigger audit_index_never_updated before update on audit_index
begin select raise(abort, 'audit_index is append-only: update refused'); end;
create trigger audit_index_never_deleted before delete on audit_index
begin select raise(abort, 'audit_index is append-only: delete refused'); end;

create table audit_checkpoints (
  size integer primary key,
  note text not null
) strict;

create trigger audit_checkpoints_only_grow before insert on audit_checkpoints
when new.size <= (select coalesce(max(size), -1) from audit_checkpoints)
begin select raise(abort, 'audit_checkpoints is append-only: a larger size is needed'); end;
create trigger audit_checkpoints_never_updated before update on audit_checkpoints
begin select raise(abort, 'audit_checkpoints is append-only: update refused'); end;
create trigger audit_checkpoints_never_deleted before delete on audit_checkpoints
begin select raise(abort, 'audit_checkpoints is append-only: delete refused'); end;

-- A row grows up to 256 hashes; every partial tile that was ever published is a prefix of it.
create table audit_tiles (
  level integer not null,
  n integer not null,
  hashes blob not null check (length(hashes) % 32 = 0 and length(hashes) between 32 and 8192),
  primary key (level, n)
) strict, without rowid;

create trigger audit_tiles_never_replaced before insert on audit_tiles
when exists (select 1 from audit_tiles where level = new.level and n = new.n)
begin select raise(abort, 'audit_tiles: this tile is there already'); end;
create trigger audit_tiles_only_grow before update on audit_tiles
when new.level <> old.level or new.n <> old.n or substr(new.hashes, 1, length(old.hashes)) <> old.hashes
begin select raise(abort, 'audit_tiles only grow: hashes that were published stay'); end;
create trigger audit_tiles_never_deleted before delete on audit_tiles
begin select raise(abort, 'audit_tiles only grow: delete refused'); end;
`
