"""What an export carries over from a table in PostgreSQL to the one that replaces it.

Carried over: the owner, privileges on the table and its columns, row security with its policies,
and indexes. Anything else that would be lost stops the export and is named.
"""

from __future__ import annotations

import dataclasses

import psycopg
from psycopg import sql

from deprivation.errors import ExportError
from deprivation.export.tables import Table
from deprivation.sql import identifier

# What would be lost with a table, as its kind and name; %(table)s is the table's regclass.
LOST = """
select 'view ' || view.oid::regclass::text as what
from pg_depend as needed
join pg_rewrite as rule on rule.oid = needed.objid and needed.classid = 'pg_rewrite'::regclass
join pg_class as view on view.oid = rule.ev_class
where needed.refobjid = %(table)s::regclass and view.oid <> needed.refobjid
union
select 'rule ' || rulename from pg_rewrite where ev_class = %(table)s::regclass
union
select 'trigger ' || tgname from pg_trigger where tgrelid = %(table)s::regclass and not tgisinternal
union
select 'constraint ' || conname from pg_constraint
where %(table)s::regclass in (conrelid, confrelid) and contype <> 'n'
union
select 'inheritance of ' || inhrelid::regclass::text from pg_inherits
where %(table)s::regclass in (inhrelid, inhparent)
union
select 'publication ' || pubname from pg_publication_rel
join pg_publication on pg_publication.oid = prpubid where prrelid = %(table)s::regclass
union
select 'statistics ' || stxname from pg_statistic_ext where stxrelid = %(table)s::regclass
union
select 'default of column ' || attname from pg_attrdef
join pg_attribute on attrelid = adrelid and attnum = adnum where adrelid = %(table)s::regclass
union
select 'security label ' || label from pg_seclabel where objoid = %(table)s::regclass
union
select 'storage setting ' || unnest(reloptions) from pg_class where oid = %(table)s::regclass
union
select 'setting of column ' || attname from pg_attribute
join pg_type on pg_type.oid = atttypid
where
    attrelid = %(table)s::regclass and attnum > 0 and not attisdropped
    and (
        attoptions is not null or coalesce(attstattarget, -1) >= 0 or attstorage <> typstorage
        or attcompression <> ''
    )
union
select 'comment on index ' || indexrelid::regclass::text from pg_index
where indrelid = %(table)s::regclass and obj_description(indexrelid, 'pg_class') is not null
union
select 'unlogged storage' from pg_class where oid = %(table)s::regclass and relpersistence = 'u'
union
select 'tablespace' from pg_class where oid = %(table)s::regclass and reltablespace <> 0
union
select 'replica identity' from pg_class where oid = %(table)s::regclass and relreplident <> 'd'
order by 1
"""

GRANTS = """
select null as column_name, privilege_type, is_grantable, grantee, pg_get_userbyid(grantee)
from pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner)))
where oid = %(table)s::regclass
union all
select attname, privilege_type, is_grantable, grantee, pg_get_userbyid(grantee)
from pg_attribute, aclexplode(attacl)
where attrelid = %(table)s::regclass and not attisdropped
"""

POLICIES = """
select
    polname, polpermissive, polcmd, pg_get_expr(polqual, polrelid),
    pg_get_expr(polwithcheck, polrelid),
    array(
        select case when member = 0 then null else pg_get_userbyid(member) end
        from unnest(polroles) as member
    )
from pg_policy where polrelid = %(table)s::regclass order by polname
"""
COMMANDS = {"r": "select", "a": "insert", "w": "update", "d": "delete", "*": "all"}

INDEXES = """
select
    index.relname, pg_get_indexdef(index.oid), indisunique, indisclustered or not indisvalid,
    format('%%I.%%I', nspname, owner.relname)
from pg_index
join pg_class as index on index.oid = indexrelid
join pg_class as owner on owner.oid = indrelid
join pg_namespace on pg_namespace.oid = owner.relnamespace
where indrelid = %(table)s::regclass and index.relname <> %(ours)s
order by index.relname
"""


def check_replaceable(
    target: psycopg.Connection, schema: str, tables: dict[str, Table], mark: str
) -> None:
    """Raises ExportError if no export made a table, or if replacing it would lose something."""
    there = target.execute(
        "select relname, relkind, coalesce(obj_description(oid, 'pg_class'), '') from pg_class"
        " where relnamespace = %s::regnamespace and relname = any(%s) order by relname",
        [identifier(schema), list(tables)],
    ).fetchall()
    for name, kind, comment in there:
        if kind != "r" or not comment.endswith(mark):
            raise ExportError(
                f"PostgreSQL: {schema}.{name} exists and was not made by an export (its comment"
                " does not say so); rename or drop it, or export into another --schema"
            )
        known = {"table": f"{identifier(schema)}.{identifier(name)}"}
        lost = [what for (what,) in target.execute(LOST, known).fetchall()]
        if lost and lost[0].startswith("view "):
            raise ExportError(
                f"PostgreSQL: the {lost[0]} reads {schema}.{name}, which the export would replace;"
                " drop the view and create it again after the export, or export into another"
                " --schema"
            )
        columns = {column.name for column in tables[name].columns}
        lost += [
            f"column {column}"
            for column, has_comment in target.execute(
                "select attname, col_description(attrelid, attnum) is not null from pg_attribute"
                " where attrelid = %(table)s::regclass and attnum > 0 and not attisdropped",
                known,
            ).fetchall()
            # A column of ours that is no longer published has a comment.
            if column not in columns and not has_comment
        ]
        lost += [
            f"privilege on column {column}"
            for column, *_ in target.execute(GRANTS, known).fetchall()
            if column and column not in columns
        ]
        if lost:
            raise ExportError(
                f"PostgreSQL: {schema}.{name} has something that an export cannot carry over:"
                f" {', '.join(lost)}; drop it and create it again after the export, or export into"
                " another --schema"
            )


@dataclasses.dataclass(frozen=True)
class Carried:
    """What is carried from one table to the one that replaces it."""

    schema: str
    new: str
    owner: str
    has_row_security: bool
    forces_row_security: bool
    grants: list[tuple]
    policies: list[tuple]
    indexes: list[tuple[str, str, bool]]

    @property
    def table(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.new)

    def make_indexes(self, target: psycopg.Connection) -> None:
        """Create the old table's indexes on the new one, under temporary names."""
        for name, how, is_unique in self.indexes:
            target.execute(
                sql.SQL("create {} index {} on {} using {}").format(
                    sql.SQL("unique" if is_unique else ""),
                    sql.Identifier(_new_index(name)),
                    self.table,
                    sql.SQL(how),
                )
            )

    def rename_indexes(self, target: psycopg.Connection) -> None:
        """Give the new indexes the names of the old ones, which are dropped by now."""
        for name, *_ in self.indexes:
            target.execute(
                sql.SQL("alter index {} rename to {}").format(
                    sql.Identifier(self.schema, _new_index(name)), sql.Identifier(name)
                )
            )

    def apply(self, target: psycopg.Connection) -> None:
        """Owner first, who then grants the privileges. The server's default ones are revoked."""
        target.execute(
            sql.SQL("alter table {} owner to {}").format(self.table, sql.Identifier(self.owner))
        )
        place = {"table": f"{identifier(self.schema)}.{identifier(self.new)}"}
        for column, _, _, grantee, role in set(target.execute(GRANTS, place).fetchall()):
            if column is None:
                target.execute(
                    sql.SQL("revoke all on {} from {}").format(self.table, _role(grantee, role))
                )
        for column, privilege, is_grantable, grantee, role in self.grants:
            target.execute(
                sql.SQL("grant {}{} on {} to {}{}").format(
                    sql.SQL(privilege),
                    sql.SQL(" ({})").format(sql.Identifier(column)) if column else sql.SQL(""),
                    self.table,
                    _role(grantee, role),
                    sql.SQL(" with grant option" if is_grantable and role != self.owner else ""),
                )
            )
        for name, is_permissive, command, using, with_check, roles in self.policies:
            named = [sql.Identifier(one) if one else sql.SQL("public") for one in roles]
            target.execute(
                sql.SQL("create policy {} on {} as {} for {} to {}{}{}").format(
                    sql.Identifier(name),
                    self.table,
                    sql.SQL("permissive" if is_permissive else "restrictive"),
                    sql.SQL(COMMANDS[command]),
                    sql.SQL(", ").join(named),
                    sql.SQL(f" using ({using})" if using else ""),
                    sql.SQL(f" with check ({with_check})" if with_check else ""),
                )
            )
        for is_on, words in (
            (self.has_row_security, "enable row level security"),
            (self.forces_row_security, "force row level security"),
        ):
            if is_on:
                target.execute(sql.SQL("alter table {} " + words).format(self.table))


def carried(target: psycopg.Connection, schema: str, name: str, new: str) -> Carried:
    """What is to be carried over from the table `name` to `new`."""
    known = {
        "table": f"{identifier(schema)}.{identifier(name)}",
        "ours": f"{name}_postcode_key",
    }
    owner, has_row_security, forces = target.execute(
        "select pg_get_userbyid(relowner), relrowsecurity, relforcerowsecurity from pg_class"
        " where oid = %(table)s::regclass",
        known,
    ).fetchone()
    indexes = []
    for index, definition, is_unique, is_odd, table in target.execute(INDEXES, known).fetchall():
        _, found, how = definition.partition(f" ON {table} USING ")
        if is_odd or not found:
            raise ExportError(
                f"PostgreSQL: the index {index} of {schema}.{name} cannot be carried over; drop it"
                " and create it again after the export"
            )
        indexes.append((index, how, is_unique))
    return Carried(
        schema,
        new,
        owner,
        has_row_security,
        forces,
        target.execute(GRANTS, known).fetchall(),
        target.execute(POLICIES, known).fetchall(),
        indexes,
    )


def _new_index(name: str) -> str:
    return f"{name[:57]}__new"


def _role(grantee: int, role: str) -> sql.Composable:
    return sql.Identifier(role) if grantee else sql.SQL("public")
