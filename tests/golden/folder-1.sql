-- A data folder of version 1 as the first program wrote it: journal.db, and vault.db attached as `vault`.
-- Its entries are those of jiangsu-2022.jsonl beside it. It never changes: every later program has to open it.
create table entries (
    conference text not null,
    seq integer not null,
    person text not null,
    command text not null,
    body blob not null,
    primary key (conference, seq)
) without rowid;
create unique index intents on entries (conference, person, command);
create table snapshots (conference text primary key, seq integer not null, state blob not null) without rowid;
create table writers (conference text primary key, epoch integer not null) without rowid;
insert into writers values ('jiangsu-2022', 1);
pragma user_version = 1;
create table vault.names (person text primary key, name text not null) without rowid;
insert into vault.names values ('anna', 'Anna Müller');
pragma vault.user_version = 1;
