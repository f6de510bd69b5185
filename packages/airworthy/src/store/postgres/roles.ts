/**
 * Two roles: one owns the schema and migrates it, the other is the kit's. The kit's role reads tables and calls acts, which run
 * with the owner's rights: so it can neither change an audit row nor the schema, whatever statement it sends.
 */
import { AirworthyError } from '../../core/errors.ts'
import { type PostgresConnection, schemaName } from './connection.ts'

const kitGroup = 'airworthy_kit'

/** Run after each migration, by the owner. Without the group (one role for all) nothing is granted. */
export const rightsOfKit = `
DO $do$
DECLARE
  act regprocedure;
BEGIN
  FOR act IN SELECT oid FROM pg_proc WHERE pronamespace = '${schemaName}'::regnamespace LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', act);
    IF (SELECT prorettype = 'jsonb'::regtype AND pronargs = 1 AND proargtypes[0] = 'jsonb'::regtype FROM pg_proc WHERE oid = act) THEN
      EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = ${schemaName}, pg_temp', act);
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = '${kitGroup}') THEN
    GRANT USAGE ON SCHEMA ${schemaName} TO ${kitGroup};
    GRANT SELECT ON ALL TABLES IN SCHEMA ${schemaName} TO ${kitGroup};
    FOR act IN SELECT oid FROM pg_proc WHERE pronamespace = '${schemaName}'::regnamespace
      AND prorettype = 'jsonb'::regtype AND pronargs = 1 AND proargtypes[0] = 'jsonb'::regtype LOOP
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO ${kitGroup}', act);
    END LOOP;
  END IF;
END $do$;
`

/** What a database administrator runs once, before the first migration. @throws USAGE_INVALID */
export function rolesScript({ owner, kit, database }: { owner: string; kit: string; database: string }): string {
  for (const name of [owner, kit, database]) {
    if (/^[a-z_][a-z0-9_]{0,62}$/.test(name)) continue
    throw new AirworthyError({
      code: 'USAGE_INVALID',
      message: `${JSON.stringify(name)} is no plain name of a role or database.`,
      mend: 'Use small letters, digits and underscores.',
    })
  }
  return `-- Two roles for Airworthy. Run it as an administrator of the database, then set both passwords with \\password.
CREATE ROLE ${kitGroup} NOLOGIN;
CREATE ROLE ${owner} LOGIN;
CREATE ROLE ${kit} LOGIN IN ROLE ${kitGroup};
GRANT CONNECT ON DATABASE ${database} TO ${owner}, ${kit};
GRANT CREATE ON DATABASE ${database} TO ${owner};
-- Then: airworthy store migrate --db postgres://${owner}@HOST/${database}
-- and:  airworthy up --db postgres://${kit}@HOST/${database}
`
}

/** Rights that the role has and a kit does not need; empty for a role of the group alone. */
export async function surplusRights(connection: PostgresConnection): Promise<readonly string[]> {
  const [row] = await connection.read<Record<string, boolean>>(
    `SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS "is a superuser",
       has_schema_privilege('${schemaName}', 'CREATE') AS "may change the schema",
       has_table_privilege('${schemaName}.audit_entries', 'INSERT, UPDATE, DELETE, TRUNCATE') AS "may write audit rows directly"`,
  )
  return Object.entries(row ?? {})
    .filter(([, has]) => has)
    .map(([what]) => what)
}
