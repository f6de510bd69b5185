/**
 * Two roles: one owns the schema and migrates it, the other is the kit's. The kit's role reads tables and calls acts, which run
 * with the owner's rights: so it can neither change an audit row nor the schema, whatever statement it sends.
 */
import { AirworthyError } from '../../core/errors.ts'
import { type PostgresConnection, schemaName } from './connection.ts'

const kitGroup = 'airworthy_kit'

/** What the kit may call: an act takes one JSON and gives one, but for the plain ones. */
const isAct = `((prorettype = 'jsonb'::regtype AND pronargs = 1 AND proargtypes[0] = 'jsonb'::regtype) OR proname LIKE '%\\_plainly')`

/** Run after each migration, by the owner. Without the group (one role for all) nothing is granted. */
export const rightsOfKit = `
DO $do$
DECLARE
  act regprocedure;
BEGIN
  FOR act IN SELECT oid FROM pg_proc WHERE pronamespace = '${schemaName}'::regnamespace LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', act);
    -- What a reading statement of the kit calls, it calls with the kit's own rights.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '${kitGroup}') AND act = '${schemaName}.action_json'::regproc THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO ${kitGroup}', act);
    END IF;
    IF (SELECT ${isAct} FROM pg_proc WHERE oid = act) THEN
      EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = ${schemaName}, pg_temp', act);
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = '${kitGroup}') THEN
    GRANT USAGE ON SCHEMA ${schemaName} TO ${kitGroup};
    GRANT SELECT ON ALL TABLES IN SCHEMA ${schemaName} TO ${kitGroup};
    FOR act IN SELECT oid FROM pg_proc WHERE pronamespace = '${schemaName}'::regnamespace AND ${isAct} LOOP
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO ${kitGroup}', act);
    END LOOP;
  END IF;
END $do$;
`

/** What a database administrator runs once, before the first migration; again, it changes nothing. @throws USAGE_INVALID */
export function rolesScript({ owner, kit, database }: { owner: string; kit: string; database: string }): string {
  for (const name of [owner, kit, database]) {
    if (/^[a-z_][a-z0-9_]{0,62}$/.test(name)) continue
    throw invalid(
      `${JSON.stringify(name)} is no plain name of a role or database`,
      'Use small letters, digits and underscores.',
    )
  }
  if (owner === kit || [owner, kit].includes(kitGroup)) {
    throw invalid(`the owner, the kit and ${kitGroup} are three roles`, 'Give --owner and --kit names of their own.')
  }
  const roles = [`${kitGroup} NOLOGIN`, `${owner} LOGIN`, `${kit} LOGIN`].map((role) => {
    const [name] = role.split(' ')
    return `  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') THEN CREATE ROLE ${role}; END IF;`
  })
  return `-- Two roles for Airworthy. Run it as an administrator of the database, then set both passwords with \\password.
DO $do$ BEGIN
${roles.join('\n')}
END $do$;
GRANT ${kitGroup} TO ${kit};
GRANT CONNECT ON DATABASE ${database} TO ${owner}, ${kit};
GRANT CREATE ON DATABASE ${database} TO ${owner};
-- Kits of other databases of this server are in the same group. In a database of Airworthy's own, this keeps them out:
-- REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC;
-- Then: airworthy store migrate --db postgres://${owner}@HOST/${database}
-- and:  airworthy up --db postgres://${kit}@HOST/${database}
`
}

function invalid(what: string, mend: string): AirworthyError {
  return new AirworthyError({ code: 'USAGE_INVALID', message: `${what}.`, mend })
}

/** Rights that the role has and a kit does not need, each the end of a sentence; empty for a role of the group alone. */
export async function surplusRights(connection: PostgresConnection): Promise<readonly string[]> {
  const [row] = await connection.read<Record<string, boolean>>(
    `SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS "is a superuser",
       (SELECT rolcreaterole AND NOT rolsuper FROM pg_roles WHERE rolname = current_user) AS "may create roles",
       has_schema_privilege('${schemaName}', 'CREATE') AS "may change the schema",
       has_table_privilege('${schemaName}.audit_entries', 'INSERT, UPDATE, DELETE, TRUNCATE') AS "may write audit rows directly",
       (SELECT bool_or(has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE')) FROM pg_class
        WHERE relnamespace = '${schemaName}'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'audit_entries')
         AS "may write other tables directly"`,
  )
  return Object.entries(row ?? {})
    .filter(([, has]) => has)
    .map(([what]) => what)
}
